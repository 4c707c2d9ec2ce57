import { DatasetError } from '../dataset-error.ts'
import { expectPixels, type ImageLimits } from './limits.ts'

/**
 * Looks how large a WebP says that it is.
 *
 * @throws DatasetError naming the file
 * @see RFC 9649, "WebP Image Format"
 */
export function checkWebp(file: Uint8Array, path: string, limits: ImageLimits = {}): void {
  const chunk = String.fromCharCode(...file.subarray(12, 16))
  if (file.length < 30) {
    throw new DatasetError(`${path} is cut off: a WebP of ${file.length} bytes. Download it again, or take it out.`, {
      path,
    })
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const three = (at: number): number => view.getUint16(at, true) + 65536 * view.getUint8(at + 2)
  if (chunk === 'VP8X') expectPixels(three(24) + 1, three(27) + 1, path, limits)
  else if (chunk === 'VP8 ') {
    expectPixels(view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff, path, limits)
  } else if (chunk === 'VP8L') {
    const bits = view.getUint32(21, true)
    expectPixels((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1, path, limits)
  } else {
    throw new DatasetError(`${path} is damaged: a WebP begins with the chunk ${JSON.stringify(chunk)}. Replace it.`, {
      path,
    })
  }
}
