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
    const response = await fetch(url, { headers: { Range: `bytes=${begin}-${end - 1}` } })
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
      const bytes = new Uint8Array(await (await request(begin, end)).arrayBuffer())
      if (bytes.length === end - begin) return bytes
      throw new SafetensorsError(`${url}: expected ${end - begin} bytes from ${begin}, got ${bytes.length}.`)
    },
    close: async () => {},
  }
}
