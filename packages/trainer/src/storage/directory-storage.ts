import { freeName } from './memory-storage.ts'
import { type Storage, type StorageLock, StorageLocked } from './storage.ts'

/**
 * A folder that a page may write, of its own storage (OPFS). A file is replaced when it is closed, whole or not at all. Folders
 * cannot be renamed there: one that is being made, or removed, has a file `.unfinished` in it, and is not seen. One page or worker at a
 * time is its writer, by the browser's own locks, which go with it. What a browser does when the machine loses its power is its own
 * affair, and it may empty its storage where the disk is full: `navigator.storage.persist()` asks it not to.
 *
 * @param path what messages call it
 * @example directoryStorage(await navigator.storage.getDirectory()).folder('runs')
 */
export const directoryStorage = (directory: FileSystemDirectoryHandle, path: string = directory.name): Storage =>
  new DirectoryStorage(
    async () => directory,
    path === '' ? 'the storage of the page' : path,
    directory.name === '' ? '/' : `${directory.name}/`,
  )

/** In a folder that is being made or removed. */
const mark = '.unfinished'

type Open = (options?: { readonly create: boolean }) => Promise<FileSystemDirectoryHandle | undefined>

class DirectoryStorage implements Storage {
  constructor(
    private readonly open: Open,
    readonly path: string,
    /** The folder by the names that the browser knows it by, for its lock. */
    private readonly id: string,
  ) {}

  folder(name: string): Storage {
    return new DirectoryStorage(this.handleOf(name), `${this.path}/${name}`, `${this.id}${name}/`)
  }

  async kind(name: string): Promise<'file' | 'folder' | undefined> {
    const folder = await this.open()
    if (folder === undefined) return undefined
    if ((await found(folder.getFileHandle(name))) !== undefined) return 'file'
    const inside = await found(folder.getDirectoryHandle(name))
    return inside === undefined || (await isUnfinished(inside)) ? undefined : 'folder'
  }

  async list(): Promise<string[]> {
    const folder = await this.open()
    if (folder === undefined || (await isUnfinished(folder))) return []
    const names: string[] = []
    for await (const [name, handle] of folder) {
      if (handle.kind === 'file' || !(await isUnfinished(handle))) names.push(name)
    }
    return names
  }

  async readFile(name: string): Promise<Uint8Array | undefined> {
    const folder = await this.open()
    if (folder === undefined || (await isUnfinished(folder))) return undefined
    const handle = await found(folder.getFileHandle(name))
    if (handle !== undefined) return new Uint8Array(await (await handle.getFile()).arrayBuffer())
    if ((await this.kind(name)) === 'folder') throw new Error(`${this.path}/${name}: it is not a file. Remove it.`)
    return undefined
  }

  async replaceFile(name: string, bytes: Uint8Array): Promise<void> {
    await write(await this.made(), name, bytes)
  }

  async append(name: string, bytes: Uint8Array): Promise<void> {
    await write(await this.made(), name, bytes, { behind: true })
  }

  /** A file is there when it is closed. */
  async flush(): Promise<void> {}

  async removeFile(name: string): Promise<void> {
    const folder = await this.open()
    if (folder !== undefined) await found(folder.removeEntry(name))
  }

  async writeFolder(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
    const folder = await this.made()
    if ((await this.kind(name)) !== undefined) throw new Error(`${this.path}/${name} is there already.`)
    await found(folder.removeEntry(name, { recursive: true })) // of one that was interrupted
    try {
      const inside = await folder.getDirectoryHandle(name, { create: true })
      await write(inside, mark, new Uint8Array(0))
      for (const [file, bytes] of Object.entries(files)) await write(inside, file, bytes)
      await inside.removeEntry(mark)
    } catch (error) {
      await folder.removeEntry(name, { recursive: true }).catch(() => {}) // the error above is the one to tell
      throw error
    }
  }

  async removeFolder(name: string): Promise<void> {
    const folder = await this.open()
    const inside = folder && (await found(folder.getDirectoryHandle(name)))
    if (folder === undefined || inside === undefined) return
    await write(inside, mark, new Uint8Array(0))
    await folder.removeEntry(name, { recursive: true })
  }

  async renameFolder(from: string, name: string): Promise<string> {
    const to = freeName(await this.list(), name)
    const source = this.folder(from)
    const files: Record<string, Uint8Array> = {}
    for (const file of await source.list()) files[file] = (await source.readFile(file)) ?? new Uint8Array(0)
    await this.writeFolder(to, files)
    await this.removeFolder(from)
    return to
  }

  async removeLeftovers(): Promise<void> {
    const folder = await this.open()
    const names: string[] = []
    for await (const [name, handle] of folder ?? []) {
      if (handle.kind === 'directory' && (await isUnfinished(handle))) names.push(name)
    }
    for (const name of names) await folder?.removeEntry(name, { recursive: true })
  }

  /** There are no links. */
  async linkTo(): Promise<void> {}

  async lock(): Promise<StorageLock> {
    const name = `ddnet ${this.id}`
    const { locks } = navigator
    return new Promise((resolve, reject) => {
      const held = locks.request(name, { ifAvailable: true }, async (lock) => {
        if (lock === null) {
          reject(
            new StorageLocked(`${this.path} is being written by another tab of this page. Close it, or wait for it.`),
          )
          return
        }
        await new Promise<void>((release) => {
          resolve({
            release: async () => {
              release()
              await held
            },
          })
        })
      })
      held.catch(reject)
    })
  }

  private handleOf(name: string): Open {
    return async ({ create } = { create: false }) => {
      const folder = await this.open({ create })
      return folder && (await found(folder.getDirectoryHandle(name, { create })))
    }
  }

  /** The folder, made where it is not there. */
  private async made(): Promise<FileSystemDirectoryHandle> {
    const folder = await this.open({ create: true })
    if (folder === undefined) throw new Error(`${this.path}: it is not a folder. Remove it.`)
    return folder
  }
}

const isUnfinished = async (folder: FileSystemDirectoryHandle): Promise<boolean> =>
  (await found(folder.getFileHandle(mark))) !== undefined

/** Nothing where there is none of this name, or of another kind. */
async function found<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking
  } catch (error) {
    if (['NotFoundError', 'TypeMismatchError'].includes((error as DOMException).name)) return undefined
    throw error
  }
}

async function write(
  folder: FileSystemDirectoryHandle,
  name: string,
  bytes: Uint8Array,
  { behind = false }: { readonly behind?: boolean } = {},
): Promise<void> {
  const handle = await folder.getFileHandle(name, { create: true })
  const position = behind ? (await handle.getFile()).size : 0
  const writable = await handle.createWritable({ keepExistingData: behind })
  try {
    await writable.write({ type: 'write', position, data: bytes as Uint8Array<ArrayBuffer> }) // never shared memory here
    await writable.close()
  } catch (error) {
    await writable.abort().catch(() => {}) // the error above is the one to tell
    throw error
  }
}
