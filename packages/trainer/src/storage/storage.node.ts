import { constants } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { errorCode } from '@ddnet/ops/checks'
import { lockFolder } from './folder-lock.node.ts'
import { freeName } from './memory-storage.ts'
import type { Storage, StorageLock } from './storage.ts'

// What a run writes stays in the folder that it was given, whoever made that folder: a file is written under a name that did
// not exist and renamed into place, which replaces a link instead of following it, and nothing is appended through a link.
// What is read must be a file: a named pipe would be waited for without end, and a device may never end.

/**
 * A folder on the disk. What is written is flushed and renamed into place, so that a kill, a full disk or a loss of power at any
 * instant leaves the old or the new, and nothing is written through a link. Its one writer is a process, named in `writer.json`.
 *
 * @param directory need not be there
 * @param shown what messages call it, where that is not `directory`
 */
export const diskStorage = (directory: string, shown: string = directory): Storage => new DiskStorage(directory, shown)

/** The storage of a path. */
export const storageAt = (directory: string): Storage => diskStorage(directory)

/** The folder that a path leads to, and the name in it. */
export const splitPath = (file: string): { storage: Storage; name: string } => ({
  storage: diskStorage(path.dirname(path.resolve(file)), path.dirname(file)),
  name: path.basename(path.resolve(file)),
})

class DiskStorage implements Storage {
  constructor(
    private readonly directory: string,
    readonly path: string,
  ) {}

  folder(name: string): Storage {
    return new DiskStorage(path.join(this.directory, name), path.join(this.path, name))
  }

  async kind(name: string): Promise<'file' | 'folder' | 'link' | 'other' | undefined> {
    try {
      const found = await fs.lstat(this.at(name))
      if (found.isSymbolicLink()) return 'link'
      return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other'
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  async list(): Promise<string[]> {
    try {
      return await fs.readdir(this.directory)
    } catch (error) {
      if (isMissing(error)) return []
      throw error
    }
  }

  async readFile(name: string): Promise<Uint8Array | undefined> {
    const file = this.at(name)
    try {
      // Looked at before it is opened, for opening some devices does something; then again, for it may have changed.
      expectFile(await fs.stat(file), this.shown(name))
      const handle = await fs.open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
      try {
        expectFile(await handle.stat(), this.shown(name))
        return await handle.readFile()
      } finally {
        await handle.close()
      }
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  replaceFile(name: string, bytes: Uint8Array): Promise<void> {
    const temporary = this.at(temporaryName(name))
    return this.naming(name, async () => {
      try {
        await fs.mkdir(this.directory, { recursive: true })
        await fs.rm(temporary, { recursive: true, force: true })
        await writeFlushed(temporary, bytes)
        await fs.rename(temporary, this.at(name))
        await flushFolder(this.directory)
      } catch (error) {
        await removeQuietly(temporary)
        throw error
      }
    })
  }

  /** A file that has a second name (a hard link, as backups make them) is replaced by a longer copy, so that the other one stays as it is. */
  append(name: string, bytes: Uint8Array): Promise<void> {
    return this.naming(name, async () => {
      await fs.mkdir(this.directory, { recursive: true })
      const handle = await openToAppend(this.at(name), this.shown(name))
      try {
        const found = await handle.stat()
        expectFile(found, this.shown(name))
        if (found.nlink <= 1) {
          await handle.writeFile(bytes)
          return
        }
      } finally {
        await handle.close()
      }
      const before = (await this.readFile(name)) ?? new Uint8Array(0)
      const longer = new Uint8Array(before.length + bytes.length)
      longer.set(before)
      longer.set(bytes, before.length)
      await this.replaceFile(name, longer)
    })
  }

  flush(name: string): Promise<void> {
    return this.naming(name, async () => {
      const handle = await fs.open(this.at(name), constants.O_RDWR | (constants.O_NOFOLLOW ?? 0))
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
      await flushFolder(this.directory)
    })
  }

  removeFile(name: string): Promise<void> {
    return fs.rm(this.at(name), { force: true })
  }

  /** Written beside under a name of its own, flushed to the disk, then renamed into place. What a failure leaves of it is removed. */
  async writeFolder(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
    const temporary = this.at(temporaryName(name))
    try {
      await fs.rm(temporary, { recursive: true, force: true })
      await fs.mkdir(this.directory, { recursive: true })
      await fs.mkdir(temporary) // not recursive: of a read-only disk, Node would say that there is no such folder
      for (const [file, bytes] of Object.entries(files)) await writeFlushed(path.join(temporary, file), bytes)
      await flushFolder(temporary)
      await fs.rename(temporary, this.at(name))
      await flushFolder(this.directory)
    } catch (error) {
      await removeQuietly(temporary)
      throw error
    }
  }

  /** First from sight, by renaming it, so that a half-removed one cannot be taken for a whole one. */
  async removeFolder(name: string): Promise<void> {
    const temporary = this.at(temporaryName(name))
    await fs.rm(temporary, { recursive: true, force: true })
    await fs.rename(this.at(name), temporary)
    await fs.rm(temporary, { recursive: true, force: true })
  }

  async renameFolder(from: string, name: string): Promise<string> {
    const to = freeName(await this.list(), name)
    await fs.rename(this.at(from), this.at(to))
    await flushFolder(this.directory)
    return to
  }

  async removeLeftovers(): Promise<void> {
    for (const name of await this.list()) {
      if (name.startsWith(temporaryName(''))) await fs.rm(this.at(name), { recursive: true, force: true })
    }
  }

  /** Windows wants rights for links, and some disks have none. */
  async linkTo(name: string, target: string): Promise<void> {
    if (process.platform === 'win32') return
    const temporary = this.at(temporaryName(name))
    try {
      await fs.rm(temporary, { force: true })
      await fs.symlink(target, temporary)
      await fs.rename(temporary, this.at(name))
    } catch (error) {
      await removeQuietly(temporary)
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(error))) throw error
    }
  }

  lock(owner: string): Promise<StorageLock> {
    return lockFolder(this, this.directory, owner)
  }

  private readonly at = (name: string): string => path.join(this.directory, name)
  private readonly shown = (name: string): string => path.join(this.path, name)

  /** Node's errors name the path only where a file is opened, and a full disk shows when it is written. */
  private async naming(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      throw Object.assign(error as NodeJS.ErrnoException, { path: this.shown(name) })
    }
  }
}

async function openToAppend(file: string, shown: string): Promise<fs.FileHandle> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants // Windows has not all of them
  try {
    return await fs.open(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    const problem = { ELOOP: 'it is a link, and nothing is written through one', ENXIO: 'it is not a file' }[
      codeOf(error)
    ]
    if (problem === undefined) throw error
    throw new Error(`${shown}: ${problem}. Remove it.`, { cause: error })
  }
}

function expectFile(found: { isFile(): boolean }, shown: string): void {
  if (!found.isFile()) throw new Error(`${shown}: it is not a file. Remove it.`)
}

const temporaryName = (name: string): string => `.unfinished-${name}`

async function writeFlushed(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await fs.open(file, 'wx') // never through a link that somebody put there
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Flushes a folder's list of names, which Windows does by itself. */
async function flushFolder(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await fs.open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Cleans up after a failure, which is the error to report even if this fails too. */
const removeQuietly = (file: string): Promise<void> => fs.rm(file, { recursive: true, force: true }).catch(() => {})

const codeOf = (error: unknown): string => errorCode(error) ?? ''
const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error))
