import { SafetensorsError } from './safetensors-error.ts'

/** Bytes that can be read in parts. */
export interface ByteSource {
  readonly size: number
  /** The bytes from `begin` to `end`, exclusive. */
  read(begin: number, end: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** A file that a person chose, or one of OPFS. */
export const blobSource = (blob: Blob): ByteSource => ({
  size: blob.size,
  read: async (begin, end) => new Uint8Array(await blob.slice(begin, end).arrayBuffer()),
  close: async () => {},
})

/**
 * A file on a server that answers range requests.
 * @throws SafetensorsError naming the URL, if it does not
 */
export async function urlSource(url: URL): Promise<ByteSource> {
  async function request(begin: number, end: number): Promise<Response> {
    const response = await fetch(url, { headers: { Range: `bytes=${begin}-${end - 1}` } }).catch((error: Error) => {
      throw new SafetensorsError(`cannot fetch ${url}: ${error.message}. Check the address and the connection.`, {
        cause: error,
      })
    })
    if (response.status === 206) return response
    await response.body?.cancel()
    throw new SafetensorsError(
      `${url}: expected status 206 for bytes ${begin} to ${end}, got ${response.status}. ${response.ok ? 'The server knows no ranges: fetch the whole file for decodeSafetensors.' : 'Check the address.'}`,
    )
  }
  const first = await request(0, 8)
  const size = Number(/^bytes \d+-\d+\/(\d+)$/.exec(first.headers.get('Content-Range') ?? '')?.[1] ?? Number.NaN)
  await first.body?.cancel()
  if (!Number.isSafeInteger(size)) {
    throw new SafetensorsError(
      `${url}: expected its size in Content-Range, got '${first.headers.get('Content-Range')}'. A page may need Access-Control-Expose-Headers.`,
    )
  }
  return {
    size,
    async read(begin, end) {
      if (begin === end) return new Uint8Array(0)
      const bytes = await bodyOf(await request(begin, end), end - begin)
      if (bytes.length === end - begin) return bytes
      throw new SafetensorsError(`${url}: expected ${end - begin} bytes from ${begin}, got ${bytes.length}.`)
    },
    close: async () => {},
  }
}

/** What a server sends, and no more than one byte beyond what was asked for. */
async function bodyOf(response: Response, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size + 1)
  let received = 0
  const reader = response.body?.getReader()
  while (reader && received <= size) {
    const { done, value } = await reader.read().catch((error: Error) => {
      throw new SafetensorsError(`${response.url} broke off: ${error.message}. Try again.`, { cause: error })
    })
    if (done) break
    const taken = value.subarray(0, size + 1 - received)
    bytes.set(taken, received)
    received += taken.length
  }
  if (received > size) await reader?.cancel()
  return bytes.subarray(0, received)
}
