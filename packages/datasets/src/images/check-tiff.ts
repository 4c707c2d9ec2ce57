import { DatasetError } from '../dataset-error.ts'
import { expectPixels, type ImageLimits } from './limits.ts'

const [WIDTH, HEIGHT, CHANNELS, TILE_WIDTH, TILE_HEIGHT] = [256, 257, 277, 322, 323]

/**
 * Looks how large the first image of a TIFF says that it is, and that its tiles are not much larger: a decoder has room
 * for whole ones.
 *
 * @throws DatasetError naming the file
 * @see Adobe 1992, "TIFF, revision 6.0", section 2
 */
export function checkTiff(file: Uint8Array, path: string, limits: ImageLimits = {}): void {
  const fail = (reason: string): never => {
    throw new DatasetError(`${path} is damaged or cut off: ${reason}. Replace it, or save it as a PNG.`, { path })
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const little = file[0] === 0x49
  const start = file.length < 8 ? fail('it ends within its header') : view.getUint32(4, little)
  if (start + 2 > file.length) fail('its directory lies behind its end')
  const count = view.getUint16(start, little)
  if (start + 2 + 12 * count > file.length) fail('its directory is longer than the file')
  const values = new Map<number, number>()
  for (let at = start + 2; at < start + 2 + 12 * count; at += 12) {
    const [tag, type] = [view.getUint16(at, little), view.getUint16(at + 2, little)]
    values.set(tag, type === 3 ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little))
  }
  const [width, height] = [values.get(WIDTH) ?? 0, values.get(HEIGHT) ?? 0]
  expectPixels(width, height, path, limits)
  const channels = values.get(CHANNELS) ?? 1
  if (channels < 1 || channels > 16) fail(`it has ${channels} channels, expected 1 … 16`)
  const [tileWidth, tileHeight] = [values.get(TILE_WIDTH) ?? 0, values.get(TILE_HEIGHT) ?? 0]
  if (tileWidth * tileHeight > Math.max(2 ** 24, 4 * width * height))
    fail(`its tiles have ${tileWidth}×${tileHeight} pixels, and the image ${width}×${height}`)
}
