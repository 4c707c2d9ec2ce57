import { DatasetError } from '../dataset-error.ts'

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

/**
 * What a gzip file holds. `limit` tells from the first bytes how many there may be, and inflating stops above it.
 *
 * @throws DatasetError naming the file
 */
export async function gunzip(
  file: Uint8Array,
  path: string,
  limit: (beginning: Uint8Array) => number,
  beginning: number,
): Promise<Uint8Array> {
  const stream = new Blob([new Uint8Array(file)]).stream().pipeThrough(new DecompressionStream('gzip'))
  const reader = stream.getReader()
  let content = new Uint8Array(0)
  let received = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      const enough = received + value.length
      if (enough > content.length) {
        const grown = new Uint8Array(Math.max(enough, 2 * content.length))
        grown.set(content.subarray(0, received))
        content = grown
      }
      content.set(value, received)
      received = enough
      if (received >= beginning && received > limit(content.subarray(0, received))) {
        await reader.cancel()
        break
      }
    }
  } catch (error) {
    if (error instanceof DatasetError) throw error
    throw new DatasetError(`${path} is damaged: it does not unzip (${(error as Error).message}). Download it again.`, {
      cause: error,
      path,
    })
  }
  return content.subarray(0, received)
}
