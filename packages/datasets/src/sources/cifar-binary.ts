import type { ClassificationSample, Dataset } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import type { Files } from '../files/files.ts'
import { readCifarRecords } from './cifar-records.ts'

export interface Cifar100 {
  /** 50,000 images `[32, 32, 3]` of bytes */
  readonly train: Dataset<ClassificationSample>
  /** 10,000 */
  readonly test: Dataset<ClassificationSample>
  readonly classNames: readonly string[]
}

/**
 * CIFAR-100 from its binary version, <https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz>, unpacked: `train.bin`,
 * `test.bin`, and the names in `fine_label_names.txt` (100 classes) or `coarse_label_names.txt` (20 of five classes each).
 *
 * @throws DatasetError naming the file that is missing or damaged
 * @see Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images"
 * @example const { train, classNames } = await cifar100(diskFiles('cifar-100-binary'))
 */
export async function cifar100(
  files: Files,
  { labels = 'fine' }: { readonly labels?: 'fine' | 'coarse' } = {},
): Promise<Cifar100> {
  const classes = labels === 'fine' ? 100 : 20
  const records = { labelBytes: 2, labelAt: labels === 'fine' ? 1 : 0, classes }
  const namesFile = `${labels}_label_names.txt`
  const classNames = new TextDecoder()
    .decode(await files.read(namesFile))
    .split(/\r?\n/)
    .filter(Boolean)
  if (classNames.length !== classes) {
    const path = files.path(namesFile)
    throw new DatasetError(
      `${path} is damaged: expected ${classes} names, got ${classNames.length}. Download it again.`,
      {
        path,
      },
    )
  }
  return {
    train: await readCifarRecords(files, ['train.bin'], records),
    test: await readCifarRecords(files, ['test.bin'], records),
    classNames,
  }
}

/**
 * Any files of CIFAR-10's binary version, such as parts of it or data that was written in its format. For CIFAR-10 itself
 * `cifar10()` is there, which finds it and checks it.
 *
 * @throws DatasetError naming the file that is missing or damaged
 * @example cifar10Binary(diskFiles('cifar-10-batches-bin'), ['data_batch_1.bin'])
 */
export const cifar10Binary = (files: Files, names: readonly string[]): Promise<Dataset<ClassificationSample>> =>
  readCifarRecords(files, names, { labelBytes: 1, labelAt: 0, classes: 10 })
