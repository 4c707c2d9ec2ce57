import type { ClassificationSample, Dataset } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import { type Files, MissingFileError } from '../files/files.ts'
import { imageDataset } from '../image-dataset.ts'
import { readIdx } from './idx.ts'

export interface Mnist {
  /** 60,000 images `[28, 28, 1]` of bytes, white on black */
  readonly train: Dataset<ClassificationSample>
  /** 10,000 */
  readonly test: Dataset<ClassificationSample>
}

/**
 * MNIST, or any data in its format (Fashion-MNIST, KMNIST): `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
 * `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, each as it is or gzipped as `.gz`.
 *
 * @throws DatasetError naming the file that is missing or damaged
 * @see LeCun, Cortes and Burges 1998, "The MNIST database of handwritten digits"
 * @example const { train, test } = await mnist(diskFiles('fashion-mnist'))
 */
export async function mnist(files: Files): Promise<Mnist> {
  return { train: await readSplit(files, 'train'), test: await readSplit(files, 't10k') }
}

async function readSplit(files: Files, split: string): Promise<Dataset<ClassificationSample>> {
  const [images, labels] = [`${split}-images-idx3-ubyte`, `${split}-labels-idx1-ubyte`]
  return idxDataset(files, { images, labels })
}

/**
 * Images and labels from a pair of IDX files, `[count, height, width]` (or with channels) and `[count]`. A name that is
 * missing is tried with `.gz` behind it.
 */
export async function idxDataset(
  files: Files,
  { images, labels }: { readonly images: string; readonly labels: string },
): Promise<Dataset<ClassificationSample>> {
  const read = (name: string) =>
    readIdx(files, name).catch((missing: unknown) => {
      if (!(missing instanceof MissingFileError)) throw missing
      return readIdx(files, `${name}.gz`).catch((error: unknown) => {
        throw error instanceof MissingFileError ? missing : error
      })
    })
  const pixels = await read(images)
  const classes = await read(labels)
  const [count, height, width, channels = 1] = pixels.shape
  if (height === undefined || width === undefined || pixels.shape.length > 4) {
    throw new DatasetError(
      `${files.path(images)}: expected [count, height, width] or with channels, got [${pixels.shape}]`,
      {
        path: files.path(images),
      },
    )
  }
  if (classes.shape.length !== 1 || classes.shape[0] !== count) {
    throw new DatasetError(
      `${files.path(labels)}: expected [${count}] labels, one for each image of ${files.path(images)}, got [${classes.shape}]`,
      { path: files.path(labels) },
    )
  }
  return imageDataset({ images: pixels.data, labels: classes.data, shape: [height, width, channels] })
}
