import { constants } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { errorCode } from '@ddnet/ops/checks'

// What a run writes stays in the folder that it was given, whoever made that folder: a file is written under a name that did
// not exist and renamed into place, which replaces a link instead of following it, and nothing is appended through a link.
// What is read must be a file: a named pipe would be waited for without end, and a device may never end.

/** The parts of a path, as an absolute folder and a name in it. */
export const splitPath = (file: string): { directory: string; name: string } => ({
  directory: path.dirname(path.resolve(file)),
  name: path.basename(path.resolve(file)),
})

/**
 * The bytes of a file; undefined where there is none.
 * @throws Error for what is no file, such as a named pipe
 */
export async function readFile(directory: string, name: string): Promise<Uint8Array | undefined> {
  const file = path.join(directory, name)
  try {
    // Looked at before it is opened, for opening some devices does something; then again, for it may have changed.
    expectFile(await fs.stat(file), file)
    const handle = await fs.open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      expectFile(await handle.stat(), file)
      return await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** The names in a folder; none where there is no folder. */
export async function list(directory: string): Promise<string[]> {
  try {
    return await fs.readdir(directory)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/**
 * Makes a folder with files, whole or not at all: written beside under a name of its own, flushed to the disk, then
 * renamed into place. What a failure leaves of it is removed.
 */
export async function writeFolder(
  directory: string,
  name: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  const temporary = path.join(directory, temporaryName(name))
  try {
    await fs.rm(temporary, { recursive: true, force: true })
    await fs.mkdir(directory, { recursive: true })
    await fs.mkdir(temporary) // not recursive: of a read-only disk, Node would say that there is no such folder
    for (const [file, bytes] of Object.entries(files)) await writeFlushed(path.join(temporary, file), bytes)
    await flushFolder(temporary)
    await fs.rename(temporary, path.join(directory, name))
    await flushFolder(directory)
  } catch (error) {
    await removeQuietly(temporary)
    throw error
  }
}

/** Makes or replaces a file, which at every instant has its old bytes or its new ones. */
export async function replaceFile(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = path.join(directory, temporaryName(name))
  try {
    await fs.mkdir(directory, { recursive: true })
    await fs.rm(temporary, { recursive: true, force: true })
    await writeFlushed(temporary, bytes)
    await fs.rename(temporary, path.join(directory, name))
    await flushFolder(directory)
  } catch (error) {
    await removeQuietly(temporary)
    throw error
  }
}

/**
 * Adds to the end of a file, which is made where there is none. A failure may leave a part. A file that has a second name
 * (a hard link, as backups make them) is replaced by a longer copy, so that the other one stays as it is.
 *
 * @throws Error for a symbolic link, and for what is no file
 */
export async function append(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  const file = path.join(directory, name)
  await fs.mkdir(directory, { recursive: true })
  const handle = await openToAppend(file)
  try {
    const found = await handle.stat()
    expectFile(found, file)
    if (found.nlink <= 1) {
      await handle.writeFile(bytes)
      return
    }
  } finally {
    await handle.close()
  }
  const before = (await readFile(directory, name)) ?? new Uint8Array(0)
  const longer = new Uint8Array(before.length + bytes.length)
  longer.set(before)
  longer.set(bytes, before.length)
  await replaceFile(directory, name, longer)
}

async function openToAppend(file: string): Promise<fs.FileHandle> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants // Windows has not all of them
  try {
    return await fs.open(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    const problem = { ELOOP: 'it is a link, and nothing is written through one', ENXIO: 'it is not a file' }[
      codeOf(error)
    ]
    if (problem === undefined) throw error
    throw Object.assign(new Error(`${file}: ${problem}. Remove it.`, { cause: error }), { path: file })
  }
}

/** Waits until what was written to a file is on the disk, and its name in the folder. */
export async function flush(directory: string, name: string): Promise<void> {
  const handle = await fs.open(path.join(directory, name), constants.O_RDWR | (constants.O_NOFOLLOW ?? 0))
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
  await flushFolder(directory)
}

function expectFile(found: { isFile(): boolean }, file: string): void {
  if (!found.isFile()) throw Object.assign(new Error(`${file}: it is not a file. Remove it.`), { path: file })
}

/**
 * Points the symbolic link `name` to its sibling `target`, where the system has such links: Windows wants rights for
 * them, and some disks have none. They are a convenience; nothing here reads them.
 */
export async function linkTo(directory: string, name: string, target: string): Promise<void> {
  if (process.platform === 'win32') return
  const temporary = path.join(directory, temporaryName(name))
  try {
    await fs.rm(temporary, { force: true })
    await fs.symlink(target, temporary)
    await fs.rename(temporary, path.join(directory, name))
  } catch (error) {
    await removeQuietly(temporary)
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(error))) throw error
  }
}

/** Removes a folder: first from sight, by renaming it, so that a half-removed one cannot be taken for a whole one. */
export async function removeFolder(directory: string, name: string): Promise<void> {
  const temporary = path.join(directory, temporaryName(name))
  await fs.rm(temporary, { recursive: true, force: true })
  await fs.rename(path.join(directory, name), temporary)
  await fs.rm(temporary, { recursive: true, force: true })
}

/** Gives a folder another name, one that is free: `name`, or `name-2` and so on. Returns that name. */
export async function renameFolder(directory: string, from: string, name: string): Promise<string> {
  const taken = new Set(await list(directory))
  let to = name
  for (let number = 2; taken.has(to); number++) to = `${name}-${number}`
  await fs.rename(path.join(directory, from), path.join(directory, to))
  await flushFolder(directory)
  return to
}

/** Removes what an interrupted process left half-written or half-removed. */
export async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await list(directory)) {
    if (name.startsWith(temporaryName(''))) await fs.rm(path.join(directory, name), { recursive: true, force: true })
  }
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
