import type { Color, Picture } from './picture.ts'

/**
 * A color for each class, as Pascal VOC draws them: no two of the first 256 are the same, and the first one is black.
 *
 * @see Everingham et al. 2010, "The Pascal VOC challenge": its development kit's `VOClabelcolormap`
 */
export function classColor(label: number): Color {
  const color: [number, number, number] = [0, 0, 0]
  for (let bits = label, place = 7; bits > 0; bits >>= 3, place--) {
    for (const channel of [0, 1, 2] as const) color[channel] |= ((bits >> channel) & 1) << place
  }
  return color
}

export interface ClassOverlayOptions {
  /** How much of the picture a class hides: 0.6 by default. */
  readonly opacity?: number
}

/**
 * The classes of a picture's pixels over it, each in its `classColor`; class 0, which is what is around in most data, and what is below 0,
 * which is ignored, leave it as it is. A mask of another size is stretched, each pixel taking the nearest class.
 *
 * @param mask `[height, width]`
 * @throws RangeError for an opacity outside 0…1
 */
export function classOverlay(
  picture: Picture,
  {
    data: classes,
    shape: [height, width],
  }: { data: ArrayLike<number>; shape: readonly [height: number, width: number] },
  { opacity = 0.6 }: ClassOverlayOptions = {},
): Picture {
  if (!(opacity >= 0 && opacity <= 1)) {
    throw new RangeError(`classOverlay: expected an opacity in 0…1, got ${opacity}.`)
  }
  const data = picture.data.slice()
  const colors = new Map<number, Color>()
  for (let y = 0; y < picture.height; y++) {
    const row = Math.floor((y * height) / picture.height) * width
    for (let x = 0; x < picture.width; x++) {
      const label = classes[row + Math.floor((x * width) / picture.width)] ?? 0
      if (label <= 0) continue
      const color = colors.get(label) ?? classColor(label)
      colors.set(label, color)
      const at = (y * picture.width + x) * 4
      for (const channel of [0, 1, 2] as const) {
        data[at + channel] = (1 - opacity) * (data[at + channel] ?? 0) + opacity * color[channel]
      }
    }
  }
  return { ...picture, data }
}
