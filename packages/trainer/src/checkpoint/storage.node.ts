import fs from 'node:fs/promises'
import path from 'node:path'

/** The parts of a path, as an absolute folder and a name in it. */
export const splitPath = (file: string): { directory: string; name: string } => ({
  directory: path.dirname(path.resolve(file)),
  name: path.basename(path.resolve(file)),
})

/** The bytes of a file; undefined where there is none. */
export async function readFile(directory: string, name: string): Promise<Uint8Array | undefined> {
  try {
    return await fs.readFile(path.join(directory, name))
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
    await writeFlushed(temporary, bytes)
    await fs.rename(temporary, path.join(directory, name))
    await flushFolder(directory)
  } catch (error) {
    await removeQuietly(temporary)
    throw error
  }
}

/** Adds to the end of a file, which is made where there is none. A failure may leave a part. */
export async function append(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  await fs.mkdir(directory, { recursive: true })
  await fs.appendFile(path.join(directory, name), bytes)
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

/** Removes what an interrupted process left half-written or half-removed. */
export async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await list(directory)) {
    if (name.startsWith(temporaryName(''))) await fs.rm(path.join(directory, name), { recursive: true, force: true })
  }
}

const temporaryName = (name: string): string => `.unfinished-${name}`

async function writeFlushed(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await fs.open(file, 'w')
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

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? ''
const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error))
