import { itemAt } from '@ddnet/ops/checks'
import type { ClassificationSample, Dataset } from './dataset.ts'
import { DatasetError } from './dataset-error.ts'
import { type ImageShape, imageField } from './fields.ts'

export interface ImageArrays {
  /** `[count, height, width, channels]` */
  readonly images: Uint8Array | Float32Array
  /** `[count]` */
  readonly labels: ArrayLike<number>
  readonly shape: ImageShape
}

/**
 * A dataset of `{ image, label }` over images in memory. Its samples are copies, so that whoever changes one in place changes nothing else.
 *
 * @throws DatasetError if the numbers of pixels and labels do not belong together
 * @example imageDataset({ images: new Uint8Array(2 * 4 * 4 * 3), labels: [0, 1], shape: [4, 4, 3] })
 */
export function imageDataset({ images, labels, shape }: ImageArrays): Dataset<ClassificationSample> {
  const { length } = labels
  const size = shape[0] * shape[1] * shape[2]
  if (images.length !== length * size) {
    throw new DatasetError(
      `imageDataset: ${length} labels with shape [${shape}] need ${length * size} pixel values, got ${images.length}`,
    )
  }
  const own = Object.freeze([...shape]) as unknown as ImageShape // as many as there were
  const getSync = (index: number): ClassificationSample => {
    checkIndex(index, length)
    return {
      image: imageField(copyOf(images.subarray(index * size, (index + 1) * size)), own),
      label: itemAt(labels, index),
    }
  }
  return { length, labels, getSync, get: async (index) => getSync(index) }
}

// Not slice: a Buffer's shares its memory.
const copyOf = (values: Uint8Array | Float32Array): Uint8Array | Float32Array =>
  values instanceof Uint8Array ? new Uint8Array(values) : new Float32Array(values)

/** @throws RangeError unless `index` is an integer in [0, length) */
export function checkIndex(index: number, length: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= length) {
    throw new RangeError(`expected an index in 0 … ${length - 1}, got ${index}`)
  }
}
