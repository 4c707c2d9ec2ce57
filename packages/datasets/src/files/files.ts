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
  /** What `list` gives and what else lies there, where that is known. */
  survey?(): Promise<Survey>
}

/** All names, and what is no file. */
export interface Survey {
  readonly names: readonly string[]
  /** Folders with nothing in them. */
  readonly emptyFolders: readonly string[]
  /** Links to folders outside of the root. They were followed. */
  readonly linksOutside: readonly string[]
  /** What was not followed: links that lead nowhere or in a circle, devices and pipes. */
  readonly notFiles: readonly { readonly name: string; readonly reason: string }[]
}

export const surveyOf = async (files: Files): Promise<Survey> =>
  (await files.survey?.()) ?? { names: await files.list(), emptyFolders: [], linksOutside: [], notFiles: [] }

/** There is no file of that name: one that may be there under another name is looked for. */
export class MissingFileError extends DatasetError {}

/**
 * The parts of a name that stays below the root; `./` before it says nothing. Names come out of downloaded indexes, so they
 * are not to be trusted.
 *
 * @throws DatasetError for `../`, absolute names, drive letters and addresses, backslashes and control characters
 */
export function nameParts(name: string): string[] {
  const parts = name.replace(/^(\.\/)+/, '').split('/')
  const problem = problemOf(name, parts)
  if (problem === undefined) return parts
  throw new DatasetError(
    `${JSON.stringify(name)} is refused as the name of a file: ${problem}. Expected one below the folder of the data, as in "train/cat/1.jpg". ` +
      'Write it so, or do not use an index that names files elsewhere.',
    { path: name },
  )
}

function problemOf(name: string, parts: readonly string[]): string | undefined {
  if (name === '') return 'it is empty'
  if (name.startsWith('/')) return 'it is absolute'
  if (/^[a-z][a-z\d+.-]*:/i.test(name)) return 'it is an address, or begins with a drive'
  if (parts.includes('..')) return 'it leads out of the folder by ".."'
  if (parts.includes('.') || parts.includes('')) return 'it has an empty part'
  if (name.includes('\\')) return 'it has backslashes, which are "/" here'
  return [...name].some((character) => character < ' ') ? 'it has control characters' : undefined
}

/** The files below one folder of others. */
export function subfolder(files: Files, folder: string): Files {
  const prefix = `${nameParts(folder).join('/')}/`
  const below = (names: readonly string[]) =>
    names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  return {
    list: async () => below(await files.list()),
    async survey() {
      const { names, emptyFolders, linksOutside, notFiles } = await surveyOf(files)
      return {
        names: below(names),
        emptyFolders: below(emptyFolders),
        linksOutside: below(linksOutside),
        notFiles: notFiles
          .filter(({ name }) => name.startsWith(prefix))
          .map(({ name, reason }) => ({ name: name.slice(prefix.length), reason })),
      }
    },
    read: (name) => files.read(prefix + name),
    path: (name) => files.path(prefix + name),
  }
}

/** Strings by their UTF-16 code units, as everywhere in JavaScript: the same order on every machine. */
export const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
