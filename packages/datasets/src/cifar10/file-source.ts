import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'

/** Named files in a folder or an archive, with what an error about them has to say. */
export interface FileSource {
  read(name: string): Promise<Uint8Array>
  /** How a message names the file. */
  path(name: string): string
  readonly remedy: string
}

export function folderFiles(directory: string, remedy: string): FileSource {
  const path = (name: string): string => join(directory, name)
  return { path, remedy, read: (name) => readBytes(path(name), remedy) }
}

export function archiveFiles(archive: string, files: ReadonlyMap<string, Uint8Array>, remedy: string): FileSource {
  const path = (name: string): string => `${archive}: ${name}`
  return {
    path,
    remedy,
    async read(name) {
      const bytes = files.get(name)
      if (!bytes) throw new DatasetError(`${path(name)} is missing. ${remedy}`)
      return bytes
    },
  }
}

/** A whole file; that it is missing is told with the remedy. */
export async function readBytes(path: string, remedy: string): Promise<Uint8Array> {
  try {
    const { buffer, byteOffset, byteLength } = await readFile(path)
    // Not as a Buffer: its slice() would share memory where a Uint8Array's copies.
    return new Uint8Array(buffer, byteOffset, byteLength)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw new DatasetError(`${path} is missing. ${remedy}`, { cause: error })
    throw error
  }
}
