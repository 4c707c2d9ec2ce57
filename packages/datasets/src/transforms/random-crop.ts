import { random } from '@ddnet/ops'
import { DatasetError } from '../dataset-error.ts'
import { isBoxes } from '../fields.ts'
import type { ImageTransform } from '../map.ts'
import { sizeOfSample } from './change-fields.ts'
import { crop, type PaddingMode } from './crop.ts'
import { requireKey } from './require-key.ts'
import { type Sides, sidesOf } from './sides.ts'

export interface RandomCropOptions {
  /** The window, `size` or `[height, width]`; by default as large as the image. */
  readonly size?: Sides
  /** Pixels around the image: 0 by default. */
  readonly padding?: number
  /** What they are: zeros ('constant', by default), or the image mirrored at its outermost pixels ('reflect'). */
  readonly paddingMode?: PaddingMode
}

/**
 * Surrounds the image with `padding` pixels a side and cuts out a random window. Without `size` that is a shift by up to
 * `padding` pixels each way.
 *
 * @throws DatasetError for an image that is smaller than the window even with its padding, that is too small to reflect, or
 * whose boxes would be reflected
 * @see torchvision.transforms.v2.RandomCrop(size, padding, padding_mode), whose fill is 0 too
 */
export function randomCrop({ size, padding = 0, paddingMode = 'constant' }: RandomCropOptions): ImageTransform {
  if (!Number.isInteger(padding) || padding < 0) {
    throw new DatasetError(`randomCrop: expected padding to be a whole number of pixels, got ${padding}`)
  }
  if (paddingMode !== 'constant' && paddingMode !== 'reflect') {
    throw new DatasetError(`randomCrop: expected paddingMode 'constant' or 'reflect', got '${paddingMode}'`)
  }
  const sides = size === undefined ? undefined : sidesOf('randomCrop', size)
  return (sample, options) => {
    const key = requireKey('randomCrop', options)
    const [inHeight, inWidth] = sizeOfSample('randomCrop', sample)
    const [height, width] = sides ?? [inHeight, inWidth]
    const down = inHeight + 2 * padding - height
    const right = inWidth + 2 * padding - width
    if (down < 0 || right < 0) {
      throw new DatasetError(
        `randomCrop: expected an image of at least ${height}×${width} pixels with its padding of ${padding}, got ` +
          `${inHeight}×${inWidth}. Resize it first, or raise the padding.`,
      )
    }
    if (paddingMode === 'reflect' && padding > 0) expectReflectable(sample, [inHeight, inWidth], padding)
    const top = random.integer(key.fold(0), down + 1) - padding
    const left = random.integer(key.fold(1), right + 1) - padding
    return crop(sample, { top, left, height, width }, paddingMode)
  }
}

function expectReflectable(sample: object, [height, width]: readonly [number, number], padding: number): void {
  if (padding >= height || padding >= width) {
    throw new DatasetError(
      `randomCrop: expected an image of more than ${padding} pixels a side to reflect ${padding}, got ${height}×${width}. Resize it first, or lower the padding.`,
    )
  }
  if (Object.values(sample).some(isBoxes)) {
    throw new DatasetError("randomCrop: boxes have no reflection. Use paddingMode 'constant'.")
  }
}
