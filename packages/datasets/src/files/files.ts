import { DatasetError } from '../dataset-error.ts'

/**
 * Files under one root, wherever they are: on a disk (`diskFiles` of `@ddnet/datasets/node`), behind a URL
 * (`servedFiles`), chosen in a page (`pickedFiles`), or in a folder that a page may read (`directoryFiles`).
 * Names are relative, with `/` between folders.
 */
export interface Files {
  /** All names, sorted. */
  list(): Promise<readonly string[]>
  /** @throws DatasetError naming the file that is missing, or that lies outside of the root */
  read(name: string): Promise<Uint8Array>
  /** How errors name a file. */
  path(name: string): string
}

/** There is no file of that name: one that may be there under another name is looked for. */
export class MissingFileError extends DatasetError {}

/**
 * The parts of a name that stays below the root. Names come out of downloaded indexes, so they are not to be trusted.
 *
 * @throws DatasetError for `../`, absolute names, drive letters and addresses, backslashes and control characters
 */
export function nameParts(name: string): string[] {
  const parts = name.split('/')
  const leaves =
    parts.some((part) => part === '' || part === '.' || part === '..') ||
    [...name].some((character) => character === '\\' || character === ':' || character < ' ')
  if (!leaves) return parts
  throw new DatasetError(
    `${JSON.stringify(name)} is refused as the name of a file: expected one below the folder of the data, as in "train/cat/1.jpg". ` +
      'Do not use an index that names files elsewhere.',
    { path: name },
  )
}

/** The files below one folder of others. */
export function subfolder(files: Files, folder: string): Files {
  const prefix = `${nameParts(folder).join('/')}/`
  return {
    list: async () =>
      (await files.list()).filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)),
    read: (name) => files.read(prefix + name),
    path: (name) => files.path(prefix + name),
  }
}

/** Strings by their UTF-16 code units, as everywhere in JavaScript: the same order on every machine. */
export const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
