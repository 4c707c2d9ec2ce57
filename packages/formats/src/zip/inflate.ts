/** Decoders hand out all that a piece holds at once, a thousand times its size: small pieces keep that small. */
const PIECE = 16_384

/**
 * The first `size` bytes that `packed` holds, or fewer where there are not so many; `surplus` tells that there are more. The
 * rest is never unpacked.
 *
 * @throws what the platform's decoder throws for data that does not unpack
 */
export async function inflate(
  packed: Uint8Array,
  size: number,
): Promise<{ content: Uint8Array<ArrayBuffer>; surplus: boolean }> {
  let at = 0
  const pieces = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull(controller) {
        if (at >= packed.length) return controller.close()
        controller.enqueue(new Uint8Array(packed.subarray(at, at + PIECE)))
        at += PIECE
      },
    },
    { highWaterMark: 0 },
  )
  const reader = pieces.pipeThrough(new DecompressionStream('deflate-raw')).getReader()
  const chunks: Uint8Array[] = []
  let received = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    chunks.push(value)
    received += value.length
    if (received > size) {
      await reader.cancel()
      break
    }
  }
  const content = new Uint8Array(Math.min(size, received))
  let to = 0
  for (const chunk of chunks) {
    content.set(chunk.subarray(0, content.length - to), to)
    to += Math.min(chunk.length, content.length - to)
  }
  return { content, surplus: received > size }
}
