import { errorMessage, lastItem } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import { byName, type Files, MissingFileError, nameParts } from './files.ts'

/**
 * The files of a folder that a page may read: of its own storage (OPFS), or one that `showDirectoryPicker` gave.
 *
 * @example imageFolder(directoryFiles(await navigator.storage.getDirectory()))
 */
export function directoryFiles(directory: FileSystemDirectoryHandle): Files {
  return {
    path: (name) => [directory.name, ...nameParts(name)].filter(Boolean).join('/'),
    list: async () => (await namesIn(directory, '')).sort(byName),
    async read(name) {
      const parts = nameParts(name)
      try {
        let folder = directory
        for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part)
        const file = await (await folder.getFileHandle(lastItem(parts))).getFile()
        return new Uint8Array(await file.arrayBuffer())
      } catch (error) {
        const Missing = error instanceof Error && error.name === 'NotFoundError' ? MissingFileError : DatasetError
        throw new Missing(`cannot read ${name} in ${directory.name || 'the storage'}: ${errorMessage(error)}`, {
          cause: error,
          path: name,
        })
      }
    },
  }
}

async function namesIn(directory: FileSystemDirectoryHandle, prefix: string): Promise<string[]> {
  const names: string[] = []
  for await (const [name, handle] of entriesOf(directory)) {
    if (handle.kind === 'file') names.push(prefix + name)
    else names.push(...(await namesIn(handle as FileSystemDirectoryHandle, `${prefix}${name}/`)))
  }
  return names
}

// TypeScript's DOM types lack the iteration of folders, which browsers have.
const entriesOf = (directory: FileSystemDirectoryHandle): AsyncIterable<[string, FileSystemHandle]> =>
  directory as unknown as AsyncIterable<[string, FileSystemHandle]>
