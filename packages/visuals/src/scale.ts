import { type Picture, pixelsOf } from './picture.ts'

/**
 * Enlarges by a whole factor: every pixel becomes a `factor × factor` square, so small images stay exactly what they are.
 *
 * @throws RangeError when `factor` is not a whole number above 0
 */
export function scale(picture: Picture, factor: number): Picture {
  if (!Number.isInteger(factor) || factor < 1)
    throw new RangeError(`scale: expected a whole factor above 0, got ${factor}.`)
  const [width, height] = [picture.width * factor, picture.height * factor]
  const source = pixelsOf(picture)
  const pixels = new Uint32Array(width * height)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      pixels[y * width + x] = source[Math.floor(y / factor) * picture.width + Math.floor(x / factor)] as number
  return { width, height, data: new Uint8ClampedArray(pixels.buffer) }
}
