import { itemAt } from '@ddnet/ops/checks'
import { recordData, splitRecords } from './record.ts'
import { TensorBoardError } from './tensorboard-error.ts'

/** What a record tells: enough to know what to keep of a file. */
export interface TensorBoardRecord {
  readonly step: number
  /** Of its scalars, images and histograms; none for the records that begin a file. */
  readonly tags: readonly string[]
  /** As it stands in the file. */
  readonly bytes: Uint8Array
}

/**
 * The whole records of an event file, in order; a cut or damaged one ends them, as in TensorBoard's reader.
 * @throws TensorBoardError where a record's checksum is right and it holds no event
 */
export function readTensorBoardRecords(file: Uint8Array): TensorBoardRecord[] {
  return splitRecords(file).map((bytes) => {
    let step = 0
    const tags: string[] = []
    for (const event of fields(recordData(bytes))) {
      if (event.field === 2 && typeof event.value === 'bigint') step = Number(event.value)
      if (event.field !== 5 || !(event.value instanceof Uint8Array)) continue
      for (const summary of fields(event.value)) {
        if (summary.field !== 1 || !(summary.value instanceof Uint8Array)) continue
        for (const { field, value } of fields(summary.value)) {
          if (field === 1 && value instanceof Uint8Array) tags.push(new TextDecoder().decode(value))
        }
      }
    }
    return { step, tags, bytes }
  })
}

/** The fields of a protobuf message: integers, and the bytes of all else. */
function* fields(message: Uint8Array): Generator<{ field: number; value: bigint | Uint8Array }> {
  let at = 0
  const take = (length: number): Uint8Array => {
    if (at + length > message.length) throw new TensorBoardError(`a field of ${length} bytes ends behind its record.`)
    at += length
    return message.subarray(at - length, at)
  }
  const varint = (): bigint => {
    for (let value = 0n, shift = 0n; shift < 70n; shift += 7n) {
      const byte = itemAt(take(1), 0)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asIntN(64, value)
    }
    throw new TensorBoardError(`a number at byte ${at} of a record has no end.`)
  }
  while (at < message.length) {
    const key = varint()
    const field = Number(key >> 3n)
    const wire = Number(key & 7n)
    if (wire === 0) yield { field, value: varint() }
    else if (wire === 1) yield { field, value: take(8) }
    else if (wire === 2) yield { field, value: take(Number(BigInt.asUintN(64, varint()))) }
    else if (wire === 5) yield { field, value: take(4) }
    else throw new TensorBoardError(`a record has a field of wire type ${wire}.`)
  }
}
