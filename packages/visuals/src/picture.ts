/** A picture as a plain value: `data` is RGBA, 4 bytes a pixel, rows from top to bottom. */
export type Picture = { readonly width: number; readonly height: number; readonly data: Uint8ClampedArray }

/** Red, green, blue in 0…255; always opaque. */
export type Color = readonly [red: number, green: number, blue: number]

export type Rectangle = { x: number; y: number; width: number; height: number }

/**
 * A picture of one color.
 *
 * @throws RangeError when a side is not a whole number above 0
 */
export function blank(width: number, height: number, color: Color): Picture {
  for (const [name, side] of Object.entries({ width, height }))
    if (!Number.isInteger(side) || side < 1)
      throw new RangeError(`picture: expected a whole ${name} above 0, got ${side}. Round it first.`)
  const picture = { width, height, data: new Uint8ClampedArray(width * height * 4) }
  fill(picture, { x: 0, y: 0, width, height }, color)
  return picture
}

/** Paints a rectangle in place; what lies outside the picture is cut off. */
export function fill(picture: Picture, rectangle: Rectangle, [red, green, blue]: Color): void {
  const left = Math.max(0, rectangle.x)
  const right = Math.min(picture.width, rectangle.x + rectangle.width)
  const bottom = Math.min(picture.height, rectangle.y + rectangle.height)
  if (right <= left) return
  const pixels = pixelsOf(picture)
  const pixel = new Uint32Array(Uint8Array.of(red, green, blue, 255).buffer)[0] as number
  for (let y = Math.max(0, rectangle.y); y < bottom; y++)
    pixels.fill(pixel, y * picture.width + left, y * picture.width + right)
}

/** One number a pixel, for whole pixels to be copied; shares the picture's memory. */
export const pixelsOf = ({ width, height, data }: Picture): Uint32Array =>
  new Uint32Array(data.buffer, data.byteOffset, width * height)

/** Copies `source` into `target` in place with its top left corner at (x, y); what lies outside is cut off. */
export function paste(target: Picture, source: Picture, x: number, y: number): void {
  const left = Math.max(0, -x)
  const right = Math.min(source.width, target.width - x)
  if (right <= left) return
  for (let row = Math.max(0, -y); row < Math.min(source.height, target.height - y); row++) {
    const pixels = source.data.subarray((row * source.width + left) * 4, (row * source.width + right) * 4)
    target.data.set(pixels, ((y + row) * target.width + x + left) * 4)
  }
}
