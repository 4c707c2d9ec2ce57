import type { Picture } from '../dataset.ts'
import { moveBoxes } from './boxes.ts'
import { type Pixels, zerosLike } from './pixels.ts'

export interface Window {
  readonly top: number
  readonly left: number
  readonly height: number
  readonly width: number
}

/**
 * The window of a picture, with zeros where it leaves the image. Boxes are cut to it; those outside have no area then.
 *
 * @see torchvision.transforms.v2.functional.crop
 */
export function crop<S extends Picture>(sample: S, window: Window): S {
  const { image, mask, boxes, shape } = sample
  const [height, width, channels] = shape
  const { top, left } = window
  return {
    ...sample,
    image: cut(image, [height, width, channels], window),
    shape: [window.height, window.width, channels],
    ...(mask && { mask: cut(mask, [height, width, 1], window) }),
    ...(boxes && { boxes: moveBoxes(boxes, [window.height, window.width], (x, y) => [x - left, y - top]) }),
  }
}

function cut<P extends Pixels>(
  pixels: P,
  [inHeight, inWidth, channels]: readonly [number, number, number],
  { top, left, height, width }: Window,
): P {
  const result = zerosLike(pixels, height * width * channels)
  const firstColumn = Math.max(0, -left)
  const columns = Math.min(width, inWidth - left) - firstColumn
  if (columns <= 0) return result
  for (let y = Math.max(0, -top); y < Math.min(height, inHeight - top); y++) {
    const from = ((y + top) * inWidth + left + firstColumn) * channels
    result.set(pixels.subarray(from, from + columns * channels), (y * width + firstColumn) * channels)
  }
  return result
}
