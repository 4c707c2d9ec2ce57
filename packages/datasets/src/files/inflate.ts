import { itemAt } from '@ddnet/ops/checks'

/** Decoders hand out all that a piece holds at once, a thousand times its size: small pieces keep that small. */
const PIECE = 16_384

/** The most that deflate packs into a byte: what promises more cannot keep it. */
export const MAX_INFLATION = 1032

/**
 * What compressed `parts` hold together. No more is unpacked than `limit` allows, which is asked with what there is so
 * far; `surplus` tells that there was more. The rest is never unpacked.
 *
 * @throws what the platform's decoder throws for data that does not unpack
 */
export async function inflate(
  parts: readonly Uint8Array[],
  format: CompressionFormat,
  limit: (beginning: Uint8Array) => number,
): Promise<{ content: Uint8Array<ArrayBuffer>; surplus: boolean }> {
  const reader = inPieces(parts).pipeThrough(new DecompressionStream(format)).getReader()
  let content = new Uint8Array(0)
  let received = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return { content: content.subarray(0, received), surplus: false }
    const enough = received + value.length
    if (enough > content.length) {
      const grown = new Uint8Array(Math.max(enough, 2 * content.length))
      grown.set(content.subarray(0, received))
      content = grown
    }
    content.set(value, received)
    received = enough
    const most = limit(content.subarray(0, received))
    if (received > most) {
      await reader.cancel()
      return { content: content.subarray(0, most), surplus: true }
    }
  }
}

/** One piece for each time that somebody asks. */
function inPieces(parts: readonly Uint8Array[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  let [part, at] = [0, 0]
  return new ReadableStream(
    {
      pull(controller) {
        while (part < parts.length && at >= itemAt(parts, part).length) [part, at] = [part + 1, 0]
        if (part === parts.length) return controller.close()
        controller.enqueue(new Uint8Array(itemAt(parts, part).subarray(at, at + PIECE)))
        at += PIECE
      },
    },
    { highWaterMark: 0 },
  )
}
