import type { Dirent, Stats } from 'node:fs'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { errorCode } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import { describeError } from '../node/describe-error.ts'
import { byName, type Files, MissingFileError, nameParts, type Survey } from './files.ts'
import { isJunk } from './junk.ts'

export interface DiskFilesOptions {
  /**
   * Told of each file that is found while the folder is looked through: how many there are so far, and the folder that it is in. What it
   * throws ends the search.
   */
  readonly onFile?: (count: number, folder: string) => void
}

/**
 * The files in a folder on disk. Links to files and to folders are followed, as people set them: out of the folder too,
 * which `survey` tells. A link back to a folder that it lies in is not, nor are devices and pipes, which are not files.
 *
 * @example imageFolder(diskFiles('photos/train'))
 */
export function diskFiles(directory: string, { onFile }: DiskFilesOptions = {}): Files {
  const path = (name: string): string => join(directory, ...nameParts(name))
  const inTurn = atMost(READ_AT_ONCE)
  const survey = async (): Promise<Survey> => {
    const walk = new Walk(directory, onFile)
    await walk.folder('', [])
    return walk.survey()
  }
  return {
    path,
    survey,
    list: async () => (await survey()).names,
    async read(name) {
      const file = path(name)
      try {
        const { buffer, byteOffset, byteLength } = await inTurn(() => readFile(file))
        // Not as a Buffer: its slice() would share memory where a Uint8Array's copies.
        return new Uint8Array(buffer, byteOffset, byteLength)
      } catch (error) {
        const Missing = errorCode(error) === 'ENOENT' ? MissingFileError : DatasetError
        throw new Missing(`cannot read ${file}: ${reason(error)}. Check that the data is complete.`, {
          cause: error,
          path: file,
        })
      }
    },
  }
}

/** Files that are read at once: a batch may be larger than the number that a process may open. */
const READ_AT_ONCE = 16

/** Does no more than so many things at once; what comes beyond waits for its turn. */
function atMost(count: number) {
  let free = count
  const waiting: (() => void)[] = []
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next() // takes this one's place
    }
  }
}

/** Links to one folder that are followed: folders that link to each other have more ways through them than anybody waits for. */
const MAX_LINKS = 20

/** One walk through all folders. */
class Walk {
  readonly #root: string
  readonly #names: string[] = []
  readonly #emptyFolders: string[] = []
  readonly #linksOutside: string[] = []
  readonly #notFiles: { name: string; reason: string }[] = []
  readonly #followed = new Map<string, number>()

  readonly #onFile: DiskFilesOptions['onFile']

  constructor(root: string, onFile: DiskFilesOptions['onFile']) {
    this.#root = root
    this.#onFile = onFile
  }

  survey(): Survey {
    return {
      names: this.#names.sort(byName),
      emptyFolders: this.#emptyFolders.sort(byName),
      linksOutside: this.#linksOutside.sort(byName),
      notFiles: this.#notFiles.sort((a, b) => byName(a.name, b.name)),
    }
  }

  /** @param above the real paths of the folders that it lies in, the root first */
  async folder(name: string, above: readonly string[]): Promise<void> {
    const { real, entries } = await this.#open(join(this.#root, name))
    if (entries.length === 0 && name !== '') this.#emptyFolders.push(name)
    for (const entry of entries) {
      const below = name === '' ? entry.name : `${name}/${entry.name}`
      // Nobody wants what is in them, and some may not be opened. They are listed as they stand.
      if (isJunk(entry.name) || entry.isFile()) this.#found(below)
      else if (entry.isDirectory()) await this.folder(below, [...above, real])
      else if (entry.isSymbolicLink()) await this.#link(below, [...above, real])
      else this.#notFiles.push({ name: below, reason: 'a device, pipe or socket' })
    }
  }

  async #open(directory: string): Promise<{ real: string; entries: Dirent[] }> {
    try {
      return { real: await realpath(directory), entries: await readdir(directory, { withFileTypes: true }) }
    } catch (error) {
      const wanted = errorCode(error) === 'EACCES' ? 'a folder that you may read' : 'an existing folder'
      throw new DatasetError(`cannot list the folder ${directory}: ${reason(error)}. Name ${wanted}.`, {
        cause: error,
        path: directory,
      })
    }
  }

  #found(name: string): void {
    this.#names.push(name)
    this.#onFile?.(this.#names.length, dirname(join(this.#root, name)))
  }

  async #link(name: string, above: readonly string[]): Promise<void> {
    const path = join(this.#root, name)
    let target: Stats
    let real: string
    try {
      ;[target, real] = [await stat(path), await realpath(path)]
    } catch (error) {
      const circles = errorCode(error) === 'ELOOP'
      this.#notFiles.push({ name, reason: circles ? 'a link in a circle' : `a link to nothing (${reason(error)})` })
      return
    }
    if (target.isFile()) this.#found(name)
    else if (!target.isDirectory()) this.#notFiles.push({ name, reason: 'a link to a device, pipe or socket' })
    else if (above.includes(real)) this.#notFiles.push({ name, reason: 'a link back to a folder that it lies in' })
    else if ((this.#followed.get(real) ?? 0) >= MAX_LINKS) {
      this.#notFiles.push({ name, reason: `a link to a folder that ${MAX_LINKS} others lead to` })
    } else {
      this.#followed.set(real, (this.#followed.get(real) ?? 0) + 1)
      if (!`${real}${sep}`.startsWith(`${above[0]}${sep}`)) this.#linksOutside.push(name)
      await this.folder(name, above)
    }
  }
}

function reason(error: unknown): string {
  const code = errorCode(error)
  // Node reads such a name with U+FFFD in it, which then is no name of anything.
  if (code === 'ENOENT' && error instanceof Error && 'path' in error && String(error.path).includes('\ufffd'))
    return 'its name is not UTF-8, and has to be changed first'
  if (code === 'ELOOP') return 'it is a link in a circle'
  if (code === 'ENOENT') return 'it is missing'
  if (code === 'ENOTDIR') return 'it is not a folder'
  if (code === 'EISDIR') return 'it is a folder'
  if (code === 'ENAMETOOLONG') return 'its name is too long'
  if (code === 'ERR_INVALID_ARG_VALUE') return 'a path has no NUL'
  if (code === 'EMFILE' || code === 'ENFILE') return 'too many files are open (raise the limit: ulimit -n 1024)'
  return code === 'EACCES' ? 'no permission' : describeError(error)
}
