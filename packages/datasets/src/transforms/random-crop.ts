import { random } from '@ddnet/ops'
import type { Sample } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import type { Transform } from '../map.ts'
import { requireKey } from './require-key.ts'

/**
 * Surrounds the image with `padding` zeros a side and cuts out a random window of its old size: a shift by up to
 * `padding` pixels each way.
 *
 * @see torchvision.transforms.RandomCrop(size, padding), whose fill is 0 too
 */
export function randomCrop({ padding }: { readonly padding: number }): Transform<Sample> {
  if (!Number.isInteger(padding) || padding < 0) {
    throw new DatasetError(`randomCrop: expected padding to be a whole number of pixels, got ${padding}`)
  }
  return (sample, options) => {
    const key = requireKey('randomCrop', options)
    const down = random.integer(key.fold(0), 2 * padding + 1) - padding
    const right = random.integer(key.fold(1), 2 * padding + 1) - padding
    return { ...sample, image: shift(sample, down, right) }
  }
}

/** The window whose top left corner lies `down` and `right` of the image's, with zeros where there is no image. */
function shift({ image, shape: [height, width, channels] }: Sample, down: number, right: number): Sample['image'] {
  const shifted = image instanceof Float32Array ? new Float32Array(image.length) : new Uint8Array(image.length)
  const left = Math.max(0, -right)
  const columns = width - Math.abs(right)
  if (columns <= 0) return shifted
  for (let y = Math.max(0, -down); y < Math.min(height, height - down); y++) {
    const from = ((y + down) * width + left + right) * channels
    shifted.set(image.subarray(from, from + columns * channels), (y * width + left) * channels)
  }
  return shifted
}
