import { DatasetError } from '../dataset-error.ts'
import { sha256 } from '../node/checksum.ts'
import { interleave } from '../sources/cifar-records.ts'
import type { FileSource } from './file-source.ts'
import { type Cifar10Facts, IMAGE_BYTES, type SplitFacts } from './official.ts'
import type { Split, Splits } from './split.ts'

const RECORD_BYTES = 1 + IMAGE_BYTES

/**
 * The official binary version: `data_batch_1.bin` … and `test_batch.bin`, records of a label byte and 1,024 red,
 * 1,024 green and 1,024 blue bytes.
 *
 * @throws DatasetError naming the file that is missing, has another size or another checksum
 */
export async function readBinaryBatches(files: FileSource, facts: Cifar10Facts): Promise<Splits> {
  return { train: await readSplit(files, facts.train), test: await readSplit(files, facts.test) }
}

async function readSplit(files: FileSource, { batches }: SplitFacts): Promise<Split> {
  const count = batches.reduce((total, batch) => total + batch.count, 0)
  const images = new Uint8Array(count * IMAGE_BYTES)
  const labels = new Uint8Array(count)
  let image = 0
  for (const batch of batches) {
    const name = `${batch.name}.bin`
    const records = await files.read(name)
    const expectedBytes = batch.count * RECORD_BYTES
    if (records.length !== expectedBytes) {
      throw new DatasetError(
        `${files.path(name)} is damaged: expected ${expectedBytes} bytes (${batch.count} images), got ${records.length}. ${files.remedy}`,
      )
    }
    const checksum = sha256(records)
    if (checksum !== batch.binarySha256) {
      throw new DatasetError(
        `${files.path(name)} is damaged: expected sha256 ${batch.binarySha256}, got ${checksum}. ${files.remedy}`,
      )
    }
    for (let record = 0; record < records.length; record += RECORD_BYTES, image++) {
      labels[image] = records[record] as number
      interleave(records.subarray(record + 1, record + RECORD_BYTES), images, image * IMAGE_BYTES)
    }
  }
  return { images, labels }
}
