import { itemAt } from '@ddnet/ops/checks'
import { type Storage, type StorageLock, StorageLocked } from './storage.ts'
import { type NamedFile, readTar, writeTar } from './tar.ts'

/** A storage in memory, whose files can be had all at once. */
export interface MemoryStorage extends Storage {
  /** All files, by their paths in it, in the order of these. */
  files(): NamedFile[]
}

/**
 * A storage in memory: for tests, and for pages without a storage of their own.
 *
 * @param path what messages call it
 * @param files what lies in it, by paths such as `checkpoints/step=000010/state.json`
 * @throws RangeError for a path that leads out of it, and for two files of one path
 */
export function memoryStorage(path = 'memory', files: readonly NamedFile[] = []): MemoryStorage {
  const content = new Map<string, Uint8Array>()
  for (const { name, bytes } of files) {
    const parts = name.split('/')
    if (parts.some((part) => !isName(part))) {
      throw new RangeError(`${path}: expected the path of a file in it, got ${JSON.stringify(name)}.`)
    }
    const isTaken = [...content.keys()].some((other) => other === name || other.startsWith(`${name}/`))
    const isInFile = parts.some((_, at) => content.has(parts.slice(0, at).join('/')))
    if (isTaken || isInFile) throw new RangeError(`${path}: there is more than one ${name}.`)
    content.set(name, bytes)
  }
  return new Folder(path, content, '', new Map())
}

/**
 * The storage in a tar file, which is unpacked into memory: what is written is in `packStorage(storage)`.
 *
 * @param path what messages call it, such as the file's name
 * @param root where in the tar file the folder lies: `run/`; by default at its top
 * @throws Error for what is no tar file, or only a part of one
 */
export const tarStorage = (path: string, tar: Uint8Array, root = ''): MemoryStorage =>
  memoryStorage(
    path,
    // As tar unpacks it: of two files of one path the later one counts.
    [...new Map(readTar(tar).map(({ name, bytes }) => [name.replace(/^(\.\/)+/, ''), bytes]))].flatMap(
      ([name, bytes]) => (name.startsWith(root) && name !== root ? [{ name: name.slice(root.length), bytes }] : []),
    ),
  )

/**
 * All files of a storage as a tar file, which every system unpacks. Links are left out, and so is what is unfinished.
 *
 * @param root the folder in the tar file: `run/`
 */
export async function packStorage(
  storage: Storage,
  { root = '', seconds = Date.now() / 1000 }: { readonly root?: string; readonly seconds?: number } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const files = (await filesIn(storage)).map(({ name, bytes }) => ({ name: `${root}${name}`, bytes }))
  return writeTar(files, Math.floor(seconds))
}

/** All files of a storage, by their paths in it. */
export async function filesIn(storage: Storage): Promise<NamedFile[]> {
  const files: NamedFile[] = []
  for (const name of (await storage.list()).toSorted()) {
    if (name.startsWith('.unfinished')) continue // of a process that was interrupted
    const kind = await storage.kind(name)
    if (kind === 'file') {
      const bytes = await storage.readFile(name)
      if (bytes !== undefined) files.push({ name, bytes })
    } else if (kind === 'folder') {
      const inside = await filesIn(storage.folder(name))
      files.push(...inside.map((file) => ({ ...file, name: `${name}/${file.name}` })))
    }
  }
  return files
}

/** Part of a path, and nothing that leads elsewhere. */
const isName = (name: string): boolean => name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name)

class Folder implements MemoryStorage {
  constructor(
    readonly path: string,
    private readonly content: Map<string, Uint8Array>,
    /** Where it lies: `checkpoints/`, or nothing at the top. */
    private readonly root: string,
    private readonly owners: Map<string, string>,
  ) {}

  folder(name: string): Storage {
    return new Folder(`${this.path}/${name}`, this.content, `${this.at(name)}/`, this.owners)
  }

  files(): NamedFile[] {
    return [...this.content]
      .flatMap(([name, bytes]) => (name.startsWith(this.root) ? [{ name: name.slice(this.root.length), bytes }] : []))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  async kind(name: string): Promise<'file' | 'folder' | undefined> {
    const at = this.at(name)
    if (this.content.has(at)) return 'file'
    return [...this.content.keys()].some((each) => each.startsWith(`${at}/`)) ? 'folder' : undefined
  }

  async list(): Promise<string[]> {
    return [...new Set(this.files().map(({ name }) => itemAt(name.split('/'), 0)))]
  }

  async readFile(name: string): Promise<Uint8Array | undefined> {
    if ((await this.kind(name)) === 'folder') throw new Error(`${this.path}/${name}: it is not a file. Remove it.`)
    return this.content.get(this.at(name))?.slice()
  }

  async replaceFile(name: string, bytes: Uint8Array): Promise<void> {
    this.expectFolder()
    if ((await this.kind(name)) === 'folder') throw new Error(`${this.path}/${name}: it is a folder. Remove it.`)
    this.content.set(this.at(name), bytes.slice())
  }

  async append(name: string, bytes: Uint8Array): Promise<void> {
    const before = (await this.readFile(name)) ?? new Uint8Array(0)
    const longer = new Uint8Array(before.length + bytes.length)
    longer.set(before)
    longer.set(bytes, before.length)
    await this.replaceFile(name, longer)
  }

  async flush(): Promise<void> {}

  async removeFile(name: string): Promise<void> {
    this.content.delete(this.at(name))
  }

  async writeFolder(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
    this.expectFolder()
    if ((await this.kind(name)) !== undefined) throw new Error(`${this.path}/${name} is there already.`)
    for (const file of Object.keys(files)) this.at(file) // all of them, before any is there
    for (const [file, bytes] of Object.entries(files)) this.content.set(`${this.at(name)}/${file}`, bytes.slice())
  }

  async removeFolder(name: string): Promise<void> {
    for (const each of [...this.content.keys()]) if (each.startsWith(`${this.at(name)}/`)) this.content.delete(each)
  }

  async renameFolder(from: string, name: string): Promise<string> {
    const to = freeName(await this.list(), name)
    for (const [each, bytes] of [...this.content]) {
      if (!each.startsWith(`${this.at(from)}/`)) continue
      this.content.delete(each)
      this.content.set(`${this.at(to)}${each.slice(this.at(from).length)}`, bytes)
    }
    return to
  }

  /** Nothing is ever half-written in memory. */
  async removeLeftovers(): Promise<void> {}

  /** There are no links in memory. */
  async linkTo(): Promise<void> {}

  async lock(owner: string): Promise<StorageLock> {
    const holder = this.owners.get(this.root)
    if (holder !== undefined) throw new StorageLocked(`${this.path} is being written by ${holder}. Wait for it.`)
    this.owners.set(this.root, owner)
    return {
      release: async () => {
        this.owners.delete(this.root)
      },
    }
  }

  /** @throws Error where a file has the name of the folder, or of one that it lies in */
  private expectFolder(): void {
    const parts = this.root.split('/')
    const file = parts.findIndex((_, at) => at > 0 && this.content.has(parts.slice(0, at).join('/')))
    if (file >= 0) throw new Error(`${this.path}: ${parts.slice(0, file).join('/')} is not a folder. Remove it.`)
  }

  private at(name: string): string {
    if (!isName(name)) throw new RangeError(`${this.path}: expected a name, got ${JSON.stringify(name)}.`)
    return `${this.root}${name}`
  }
}

/** `name`, or `name-2` and so on where it is taken. */
export function freeName(taken: readonly string[], name: string): string {
  let free = name
  for (let number = 2; taken.includes(free); number++) free = `${name}-${number}`
  return free
}
