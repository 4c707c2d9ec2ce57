import { random } from '@ddnet/ops'
import { DatasetError } from '../dataset-error.ts'
import type { PictureTransform } from '../map.ts'
import { crop } from './crop.ts'
import { requireKey } from './require-key.ts'
import { type Sides, sidesOf } from './sides.ts'

export interface RandomCropOptions {
  /** The window, `size` or `[height, width]`; by default as large as the image. */
  readonly size?: Sides
  /** Zeros around the image, in pixels: 0 by default. */
  readonly padding?: number
}

/**
 * Surrounds the image with `padding` zeros a side and cuts out a random window. Without `size` that is a shift by up to
 * `padding` pixels each way.
 *
 * @throws DatasetError for an image that is smaller than the window even with its padding
 * @see torchvision.transforms.v2.RandomCrop(size, padding), whose fill is 0 too
 */
export function randomCrop({ size, padding = 0 }: RandomCropOptions): PictureTransform {
  if (!Number.isInteger(padding) || padding < 0) {
    throw new DatasetError(`randomCrop: expected padding to be a whole number of pixels, got ${padding}`)
  }
  const sides = size === undefined ? undefined : sidesOf('randomCrop', size)
  return (sample, options) => {
    const key = requireKey('randomCrop', options)
    const [inHeight, inWidth] = sample.shape
    const [height, width] = sides ?? [inHeight, inWidth]
    const down = inHeight + 2 * padding - height
    const right = inWidth + 2 * padding - width
    if (down < 0 || right < 0) {
      throw new DatasetError(
        `randomCrop: expected an image of at least ${height}×${width} pixels with its padding of ${padding}, got ` +
          `${inHeight}×${inWidth}. Resize it first, or raise the padding.`,
      )
    }
    const top = random.integer(key.fold(0), down + 1) - padding
    const left = random.integer(key.fold(1), right + 1) - padding
    return crop(sample, { top, left, height, width })
  }
}
