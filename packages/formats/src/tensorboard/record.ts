import { maskedCrc32c } from './crc32c.ts'

const HEADER = 12
const FOOTER = 4

/**
 * Data as a record of a TFRecord file: its length (uint64, little-endian), the length's masked CRC-32C, the data, its
 * masked CRC-32C.
 * @see https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
 */
export function encodeRecord(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(HEADER + data.length + FOOTER)
  const view = new DataView(record.buffer)
  view.setBigUint64(0, BigInt(data.length), true)
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true)
  record.set(data, HEADER)
  view.setUint32(HEADER + data.length, maskedCrc32c(data), true)
  return record
}

/** The data of a whole record. */
export const recordData = (record: Uint8Array): Uint8Array => record.subarray(HEADER, record.length - FOOTER)

/**
 * The whole records of a file, as views of it. They end before the first one that is cut off or damaged, since nothing
 * behind it can be found again: a process that was killed or a full disk leaves such an end.
 */
export function splitRecords(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const records: Uint8Array[] = []
  for (let at = 0; at + HEADER + FOOTER <= bytes.length; ) {
    if (view.getUint32(at + 8, true) !== maskedCrc32c(bytes.subarray(at, at + 8))) break
    const end = at + HEADER + Number(view.getBigUint64(at, true)) + FOOTER
    if (end > bytes.length) break
    const record = bytes.subarray(at, end)
    if (view.getUint32(end - FOOTER, true) !== maskedCrc32c(recordData(record))) break
    records.push(record)
    at = end
  }
  return records
}
