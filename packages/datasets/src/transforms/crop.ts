import { moveBoxes } from './boxes.ts'
import { changeFields, sizeOfSample } from './change-fields.ts'
import { type Pixels, zerosLike } from './pixels.ts'

export interface Window {
  readonly top: number
  readonly left: number
  readonly height: number
  readonly width: number
}

/** What a window shows where it leaves the image: zeros, or the image mirrored at its outermost pixels. */
export type PaddingMode = 'constant' | 'reflect'

/**
 * The window of an image, with zeros where it leaves the image (or the image reflected, less than its size wide). Boxes
 * are cut to it; those outside have no area then.
 *
 * @see torchvision.transforms.v2.functional.crop, and pad for its padding modes
 */
export function crop<S extends object>(sample: S, window: Window, mode: PaddingMode = 'constant'): S {
  const cut = mode === 'reflect' ? cutReflected : cutWithZeros
  const [height, width] = sizeOfSample('crop', sample)
  const { top, left } = window
  const size = [window.height, window.width] as const
  return changeFields(sample, {
    image: ({ data, shape, ...image }) => ({ ...image, data: cut(data, shape, window), shape: [...size, shape[2]] }),
    mask: ({ data, ...mask }) => ({ ...mask, data: cut(data, [height, width, 1], window), shape: size }),
    boxes: ({ data, ...boxes }) => ({ ...boxes, data: moveBoxes(data, size, (x, y) => [x - left, y - top]) }),
  })
}

export function cutWithZeros<P extends Pixels>(
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

function cutReflected<P extends Pixels>(
  pixels: P,
  [inHeight, inWidth, channels]: readonly [number, number, number],
  { top, left, height, width }: Window,
): P {
  const result = zerosLike(pixels, height * width * channels)
  const first = Math.max(0, -left)
  const end = Math.min(width, inWidth - left)
  for (let y = 0; y < height; y++) {
    const source = reflected(y + top, inHeight) * inWidth
    const copy = (x: number, count: number): void => {
      const from = (source + reflected(x + left, inWidth)) * channels
      result.set(pixels.subarray(from, from + count * channels), (y * width + x) * channels)
    }
    for (let x = 0; x < first; x++) copy(x, 1)
    copy(first, end - first)
    for (let x = end; x < width; x++) copy(x, 1)
  }
  return result
}

/** The pixel seen at a position beside the image: the outermost one is the mirror, and is not repeated. */
function reflected(at: number, length: number): number {
  if (at < 0) return -at
  return at < length ? at : 2 * (length - 1) - at
}
