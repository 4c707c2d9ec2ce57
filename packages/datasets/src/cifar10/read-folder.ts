import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import { describeError } from '../node/describe-error.ts'
import { readBinaryBatches } from './binary-batches.ts'
import { readClassFolders } from './class-folders.ts'
import { folderFiles } from './file-source.ts'
import type { Cifar10Facts } from './official.ts'
import { readPngBatches } from './png-batches.ts'
import type { Splits } from './split.ts'
import { verifySplit } from './verify-split.ts'

const LAYOUTS =
  'data_batch_1.bin … test_batch.bin (also in cifar-10-batches-bin), ' +
  'data_batch_1.png … test_batch.png with train_lables.json and test_lables.json, or train/airplane/*.png … test/truck/*.png'

/**
 * CIFAR-10 from a folder that the user names, in any of the three layouts.
 *
 * @throws DatasetError naming the file that is missing or damaged
 */
export async function readFolder(
  directory: string,
  facts: Cifar10Facts,
  log: (message: string) => void,
): Promise<Splits> {
  const remedy = 'Put the original there, or leave out `directory` to have CIFAR-10 downloaded.'
  const verified = (splits: Splits, ordered: boolean): Splits => {
    for (const name of ['train', 'test'] as const) {
      verifySplit(splits[name], facts[name], { location: `${directory} (${name})`, remedy, ordered })
    }
    return splits
  }

  for (const folder of [directory, join(directory, 'cifar-10-batches-bin')]) {
    const names = await namesIn(folder, folder === directory)
    const holds = (ending: string): boolean =>
      names.some((name) => /^(data_batch_\d|test_batch)\./.test(name) && name.endsWith(ending))
    if (holds('.bin')) {
      log(`cifar10: reading the binary batches in ${folder}`)
      return verified(await readBinaryBatches(folderFiles(folder, remedy), facts), true)
    }
    if (holds('.png')) {
      log(`cifar10: reading the PNG batches in ${folder}`)
      return verified(await readPngBatches(folderFiles(folder, remedy), facts), true)
    }
    if (names.includes('train') || names.includes('test')) {
      log(`cifar10: reading the PNGs of the class folders in ${folder}`)
      return verified(await readClassFolders(folder, facts, remedy), false)
    }
  }
  throw new DatasetError(`${directory} holds no CIFAR-10: expected ${LAYOUTS}. ${remedy}`)
}

async function namesIn(folder: string, mustExist: boolean): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (errorCode(error) === 'ENOENT' && !mustExist) return []
    throw new DatasetError(
      `cifar10: cannot read the directory ${folder} (${describeError(error)}). Name an existing folder, or leave out \`directory\`.`,
      { cause: error },
    )
  }
}
