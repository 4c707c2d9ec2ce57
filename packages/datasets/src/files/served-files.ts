import { DatasetError } from '../dataset-error.ts'
import { fetchBytes } from './fetch-bytes.ts'
import { byName, type Files, nameParts } from './files.ts'
import type { TransferLimits } from './transfer-limits.ts'

/** More than any file of the data sets that are read in one piece. */
const MAX_BYTES = 2 ** 30

export interface ServedFilesOptions extends TransferLimits {
  /** What there is: a server cannot be asked. Needed by what lists files, such as `imageFolder`. */
  readonly names?: readonly string[]
  /** Bytes that one file may have: 1 GiB by default. */
  readonly maxBytes?: number
  /** What fetches, in place of the global `fetch`. */
  readonly fetch?: typeof fetch
}

/**
 * The files that a server has under an address. A server that stalls, or sends without end, is given up.
 *
 * @example mnist(servedFiles('/data/mnist'))
 */
export function servedFiles(
  url: string | URL,
  { names, fetch = globalThis.fetch, maxBytes = MAX_BYTES, ...limits }: ServedFilesOptions = {},
): Files {
  const base = String(url).replace(/\/?$/, '/')
  const path = (name: string): string => base + nameParts(name).map(encodeURIComponent).join('/')
  return {
    path,
    async list() {
      if (names) return [...names].sort(byName)
      throw new DatasetError(`servedFiles: a server cannot list ${base}. Give the names: servedFiles(url, { names }).`)
    },
    read: async (name) =>
      fetchBytes(path(name), { ...limits, fetch, maxBytes, remedy: 'Check the address, and that the server has it.' }),
  }
}
