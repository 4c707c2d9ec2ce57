import { itemAt } from '@ddnet/ops/checks'
import type { ClassificationSample, Dataset } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import type { Files } from '../files/files.ts'
import { imageDataset } from '../image-dataset.ts'

const PLANE = 32 * 32
const IMAGE_BYTES = 3 * PLANE

export interface CifarRecords {
  /** How many labels a record begins with, which of them is taken, and how many classes it may name. */
  readonly labelBytes: number
  readonly labelAt: number
  readonly classes: number
}

/**
 * Files of CIFAR records: the labels, then 1,024 red, 1,024 green and 1,024 blue bytes each.
 *
 * @throws DatasetError naming the file that is missing, cut, or has a label that cannot be
 */
export async function readCifarRecords(
  files: Files,
  names: readonly string[],
  { labelBytes, labelAt, classes }: CifarRecords,
): Promise<Dataset<ClassificationSample>> {
  const contents = await Promise.all(names.map((name) => files.read(name)))
  const recordBytes = labelBytes + IMAGE_BYTES
  for (const [at, { length }] of contents.entries()) {
    const path = files.path(itemAt(names, at))
    if (length > 0 && length % recordBytes === 0) continue
    throw new DatasetError(
      `${path} is damaged: expected records of ${recordBytes} bytes, got ${length} bytes. Download it again.`,
      { path },
    )
  }
  const count = contents.reduce((total, { length }) => total + length / recordBytes, 0)
  const images = new Uint8Array(count * IMAGE_BYTES)
  const labels = new Uint8Array(count)
  let image = 0
  for (const [at, content] of contents.entries()) {
    for (let record = 0; record < content.length; record += recordBytes, image++) {
      const label = content[record + labelAt] as number
      if (label >= classes) {
        const path = files.path(itemAt(names, at))
        throw new DatasetError(
          `${path} is damaged: record ${record / recordBytes} has the label ${label}, expected 0 … ${classes - 1}. Download it again.`,
          { path },
        )
      }
      labels[image] = label
      interleave(content.subarray(record + labelBytes, record + recordBytes), images, image * IMAGE_BYTES)
    }
  }
  return imageDataset({ images, labels, shape: [32, 32, 3] })
}

/** Planes of red, green and blue to pixels. */
export function interleave(planes: Uint8Array, images: Uint8Array, target: number): void {
  for (let pixel = 0; pixel < PLANE; pixel++) {
    images[target + 3 * pixel] = planes[pixel] as number
    images[target + 3 * pixel + 1] = planes[PLANE + pixel] as number
    images[target + 3 * pixel + 2] = planes[2 * PLANE + pixel] as number
  }
}
