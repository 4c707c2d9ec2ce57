import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { DatasetError } from '../dataset-error.ts'
import { describeError, errorCode } from '../node/errno.ts'
import { byName, type Files, MissingFileError, nameParts } from './files.ts'

/**
 * The files in a folder on disk. Links are followed where they stand in the folder, as people set them.
 *
 * @example imageFolder(diskFiles('photos/train'))
 */
export function diskFiles(directory: string): Files {
  const path = (name: string): string => join(directory, ...nameParts(name))
  return {
    path,
    async list() {
      try {
        const entries = await readdir(directory, { recursive: true, withFileTypes: true })
        return entries
          .filter((entry) => !entry.isDirectory())
          .map(({ parentPath, name }) => relative(directory, join(parentPath, name)).split(sep).join('/'))
          .sort(byName)
      } catch (error) {
        throw new DatasetError(`cannot list the folder ${directory}: ${reason(error)}. Name an existing folder.`, {
          cause: error,
          path: directory,
        })
      }
    },
    async read(name) {
      const file = path(name)
      try {
        return await readFile(file)
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

function reason(error: unknown): string {
  const code = errorCode(error)
  if (code === 'ENOENT') return 'it is missing'
  if (code === 'ENOTDIR') return 'it is not a folder'
  if (code === 'EISDIR') return 'it is a folder'
  return code === 'EACCES' ? 'no permission' : describeError(error)
}
