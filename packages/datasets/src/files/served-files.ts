import { DatasetError } from '../dataset-error.ts'
import { byName, type Files, MissingFileError, nameParts } from './files.ts'

export interface ServedFilesOptions {
  /** What there is: a server cannot be asked. Needed by what lists files, such as `imageFolder`. */
  readonly names?: readonly string[]
  /** What fetches, in place of the global `fetch`. */
  readonly fetch?: typeof fetch
}

/**
 * The files that a server has under an address.
 *
 * @example mnist(servedFiles('/data/mnist'))
 */
export function servedFiles(url: string | URL, { names, fetch = globalThis.fetch }: ServedFilesOptions = {}): Files {
  const base = String(url).replace(/\/?$/, '/')
  const path = (name: string): string => base + nameParts(name).map(encodeURIComponent).join('/')
  return {
    path,
    async list() {
      if (names) return [...names].sort(byName)
      throw new DatasetError(`servedFiles: a server cannot list ${base}. Give the names: servedFiles(url, { names }).`)
    },
    async read(name) {
      const address = path(name)
      let response: Response
      try {
        response = await fetch(address)
        if (response.ok) return new Uint8Array(await response.arrayBuffer())
      } catch (error) {
        throw new DatasetError(
          `cannot fetch ${address} (${(error as Error).message}). Check the address and the connection.`,
          {
            cause: error,
            path: address,
          },
        )
      }
      const Missing = response.status === 404 ? MissingFileError : DatasetError
      throw new Missing(`cannot fetch ${address}: HTTP ${response.status}. Check that the server has it.`, {
        path: address,
      })
    },
  }
}
