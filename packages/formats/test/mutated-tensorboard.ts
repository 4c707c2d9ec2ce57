import { readFileSync } from 'node:fs'
import { itemAt, readMutations } from '@ddnet/testing'
import { maskedCrc32c } from '../src/tensorboard/crc32c.ts'
import { readTensorBoardRecords } from '../src/tensorboard/read.ts'
import { splitRecords } from '../src/tensorboard/record.ts'
import { TensorBoardError } from '../src/tensorboard/tensorboard-error.ts'

const file = readFileSync(new URL('../fixtures/reference.tfevents', import.meta.url))
const record = itemAt(
  splitRecords(file).toSorted((a, b) => b.length - a.length),
  1,
)
const isExpected = (error: unknown) => error instanceof TensorBoardError

/** What is read of `count` mutated files, by their kind. */
export const mutatedTensorBoard = {
  'TensorBoard events with right checksums': (count: number, seed: number) =>
    readMutations([record], (bytes) => readTensorBoardRecords(withChecksums(bytes)), { count, seed, isExpected }),
}

/** Damage that a checksum tells of ends the records; this is what somebody makes on purpose. */
function withChecksums(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 16) return bytes
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  view.setBigUint64(0, BigInt(bytes.length - 16), true)
  view.setUint32(8, maskedCrc32c(bytes.subarray(0, 8)), true)
  view.setUint32(bytes.length - 4, maskedCrc32c(bytes.subarray(12, bytes.length - 4)), true)
  return bytes
}
