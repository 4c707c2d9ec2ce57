import type { Picture } from './picture.ts'

/**
 * Bytes in height × width × channels order, as datasets keep them, to a picture.
 *
 * @param pixels 0…255, `height * width * channels` of them
 * @param channels 1 (gray), 3 (RGB) or 4 (RGBA)
 * @throws RangeError when the count of bytes or of channels does not fit
 */
export function fromPixels(pixels: ArrayLike<number>, width: number, height: number, channels = 3): Picture {
  if (![1, 3, 4].includes(channels)) throw new RangeError(`fromPixels: expected 1, 3 or 4 channels, got ${channels}.`)
  const expected = width * height * channels
  if (pixels.length !== expected)
    throw new RangeError(
      `fromPixels: expected ${height}×${width}×${channels} = ${expected} bytes, got ${pixels.length}.`,
    )
  const data = new Uint8ClampedArray(width * height * 4)
  for (let pixel = 0; pixel < width * height; pixel++)
    for (let channel = 0; channel < 4; channel++) {
      const source = pixel * channels + (channels === 1 ? 0 : channel)
      data[pixel * 4 + channel] = channel === 3 && channels !== 4 ? 255 : (pixels[source] as number)
    }
  return { width, height, data }
}
