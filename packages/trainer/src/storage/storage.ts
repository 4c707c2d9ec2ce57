/**
 * A folder that a run writes its checkpoints and logs into, wherever that is: `diskStorage` in Node (of '@ddnet/trainer/node'),
 * `directoryStorage` in a page, `memoryStorage` anywhere, which packs into a tar file. They pass one test, so that a run may go on in any.
 *
 * Names are of what lies in the folder itself: no paths.
 */
export interface Storage {
  /** What messages call it: the path as its user would type it. */
  readonly path: string
  /** A folder in it, which need not be there: what is written makes it. */
  folder(name: string): Storage
  /** What has this name; nothing where there is none. A link is told as one, and not followed. */
  kind(name: string): Promise<'file' | 'folder' | 'link' | 'other' | undefined>
  /** The names in it; none where the folder is not there. */
  list(): Promise<string[]>
  /**
   * The bytes of a file; undefined where there is none.
   * @throws Error for what is no file, such as a folder or a named pipe
   */
  readFile(name: string): Promise<Uint8Array | undefined>
  /** Makes or replaces a file: at every instant it has its old bytes or its new ones. A link is replaced, and not followed. */
  replaceFile(name: string, bytes: Uint8Array): Promise<void>
  /**
   * Adds to the end of a file, which is made where there is none. A failure may leave a part.
   * @throws Error for a link, and for what is no file
   */
  append(name: string, bytes: Uint8Array): Promise<void>
  /** Waits until what was appended to a file will survive whatever happens to the process or the machine. */
  flush(name: string): Promise<void>
  /** Removes a file; nothing happens where there is none. */
  removeFile(name: string): Promise<void>
  /** Makes a folder with files, whole or not at all. */
  writeFolder(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<void>
  /** Removes a folder with all in it. No instant shows a part of it. */
  removeFolder(name: string): Promise<void>
  /** Gives a folder another name, one that is free: `name`, or `name-2` and so on. Returns that name. */
  renameFolder(from: string, name: string): Promise<string>
  /** Removes what an interrupted process left half-written or half-removed. */
  removeLeftovers(): Promise<void>
  /** Makes the link `name` to its sibling `target`, where there are links. They are a convenience; nothing here reads them. */
  linkTo(name: string, target: string): Promise<void>
  /**
   * Makes the caller the one writer of this folder, until it releases the lock or is no more.
   *
   * @param owner who is told to whoever comes second: `ddnet train cifar10`
   * @throws StorageLocked where somebody else writes, or nobody can tell
   */
  lock(owner: string): Promise<StorageLock>
}

/** The right to write into a storage. */
export interface StorageLock {
  release(): Promise<void>
}

/** Somebody else writes: the message says who, and what to do. */
export class StorageLocked extends Error {
  override readonly name = 'StorageLocked'
}
