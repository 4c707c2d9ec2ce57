import { DatasetError } from '../dataset-error.ts'
import { expectPixels } from './limits.ts'

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10]
/** The most that deflate packs into a byte, so that a header cannot promise more than the file can hold. */
const MOST_INFLATION = 1032
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/**
 * Walks the chunks of a PNG before it is decoded: none may leave the file, the header comes first and once, and the
 * pixels that it promises must fit into the data that there are. Decoding then allocates no more than these.
 *
 * @throws DatasetError naming the file
 */
export function checkPng(file: Uint8Array, path: string): void {
  const fail = (reason: string): never => {
    throw new DatasetError(`${path} is damaged, or no PNG: ${reason}. Replace it, or take it out.`, { path })
  }
  if (SIGNATURE.some((byte, at) => file[at] !== byte)) fail('it does not begin as one')
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  let needed = 0
  let packed = 0
  let at = SIGNATURE.length
  for (;;) {
    if (at + 12 > file.length) fail('it ends within a chunk')
    const length = view.getUint32(at)
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8))
    if (length > file.length - at - 12) fail(`chunk ${type} is longer than the file`)
    if ((type === 'IHDR') !== (at === SIGNATURE.length)) fail('its header is not its first chunk, or not the only one')
    if (type === 'IHDR') {
      if (length !== 13) fail(`its header has ${length} bytes instead of 13`)
      const [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)]
      expectPixels(width, height, path)
      const channels = CHANNELS[file[at + 17] as number] ?? fail(`it has no colour type ${file[at + 17]}`)
      needed = height * (1 + Math.ceil((width * channels * (file[at + 16] as number)) / 8))
    }
    if (type === 'IDAT') packed += length
    if (type === 'IEND') break
    at += 12 + length
  }
  if (needed > packed * MOST_INFLATION) fail(`its ${packed} bytes of data cannot hold the pixels that it promises`)
}
