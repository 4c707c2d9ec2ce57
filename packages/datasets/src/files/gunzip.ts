import { errorMessage } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import { inflate } from './inflate.ts'

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

/**
 * What a gzip file holds. `limit` tells from the first bytes how many there may be, and unpacking stops above it.
 *
 * @throws DatasetError naming the file, also whatever `limit` throws
 */
export async function gunzip(
  file: Uint8Array,
  path: string,
  limit: (beginning: Uint8Array) => number,
): Promise<Uint8Array> {
  try {
    const { content, surplus } = await inflate([file], 'gzip', limit)
    if (!surplus) return content
  } catch (error) {
    if (error instanceof DatasetError) throw error
    throw new DatasetError(`${path} is damaged: it does not unzip (${errorMessage(error)}). Download it again.`, {
      cause: error,
      path,
    })
  }
  throw new DatasetError(`${path} is damaged: it unzips to more than its header says. Download it again.`, { path })
}
