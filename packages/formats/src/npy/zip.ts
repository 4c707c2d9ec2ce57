import { concatenateBytes, crc32 } from '@ddnet/ops/checks'
import { CENTRAL, END, LOCAL } from '../zip/open-zip.ts'
import { NpyError } from './npy-error.ts'

/** An archive of files as they are, as `numpy.savez` makes it. */
export function zip(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const chunks: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  for (const [name, content] of files) {
    const nameBytes = new TextEncoder().encode(name)
    const fields = new Uint8Array(26) // what both headers have: version, flags, method, time, date, CRC, sizes, name
    const view = new DataView(fields.buffer)
    view.setUint16(0, 20, true)
    view.setUint16(8, 0x21, true) // 1 January 1980, the first date there is
    view.setUint32(10, crc32(content), true)
    view.setUint32(14, content.length, true)
    view.setUint32(18, content.length, true)
    view.setUint16(22, nameBytes.length, true)
    const place = new Uint8Array(14) // comment, disk, attributes and offset
    new DataView(place.buffer).setUint32(10, offset, true)
    directory.push(signature(CENTRAL), Uint8Array.of(20, 0), fields, place, nameBytes)
    chunks.push(signature(LOCAL), fields, nameBytes, content)
    offset += 30 + nameBytes.length + content.length
  }
  const directoryBytes = directory.reduce((sum, { length }) => sum + length, 0)
  if (offset + directoryBytes > 0xfffffffe || files.size > 0xfffe) {
    throw new NpyError(
      `npz: archives of more than 4 GB or 65,534 arrays are not written, got ${offset} bytes. Save it in parts.`,
    )
  }
  const end = new Uint8Array(18)
  const view = new DataView(end.buffer)
  view.setUint16(4, files.size, true)
  view.setUint16(6, files.size, true)
  view.setUint32(8, directoryBytes, true)
  view.setUint32(12, offset, true)
  return concatenateBytes([...chunks, ...directory, signature(END), end])
}

function signature(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}
