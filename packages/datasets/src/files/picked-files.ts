import { DatasetError } from '../dataset-error.ts'
import { byName, type Files, MissingFileError, nameParts } from './files.ts'

/**
 * Files that somebody chose or dropped in a page. With `<input type="file" webkitdirectory>` their names begin below the
 * folder that was chosen.
 *
 * @throws DatasetError if two files have one name
 * @example imageFolder(pickedFiles(input.files))
 */
export function pickedFiles(files: Iterable<File> | ArrayLike<File>): Files {
  const byPath = new Map<string, File>()
  for (const file of Array.from(files)) {
    const name = file.webkitRelativePath ? file.webkitRelativePath.split('/').slice(1).join('/') : file.name
    if (byPath.has(name)) throw new DatasetError(`pickedFiles: two files are called ${name}. Choose a folder instead.`)
    byPath.set(name, file)
  }
  return {
    path: (name) => nameParts(name).join('/'),
    list: async () => [...byPath.keys()].sort(byName),
    async read(name) {
      const file = byPath.get(nameParts(name).join('/'))
      if (file) return new Uint8Array(await file.arrayBuffer())
      throw new MissingFileError(`${name} is missing among the ${byPath.size} chosen files. Choose the whole folder.`, {
        path: name,
      })
    },
  }
}
