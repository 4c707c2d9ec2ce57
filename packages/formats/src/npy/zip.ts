import { tuple } from '@ddnet/ops/checks'
import { crc32 } from './crc32.ts'
import { inflate } from './inflate.ts'
import { NpyError } from './npy-error.ts'

const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
const STORED = 0
const DEFLATED = 8
/** The most that deflate packs into a byte. */
const MOST_INFLATION = 1032

export interface ZipEntry {
  readonly name: string
  /** Bytes of it when it is unpacked. */
  readonly size: number
  /** Bytes that it takes in the archive. */
  readonly packed: number
  /** The first `count` bytes, or all that there are. */
  begin(count: number): Promise<Uint8Array>
  /** All of it, whose size and CRC-32 must be right. */
  read(): Promise<Uint8Array>
}

/**
 * The files of a ZIP archive, by its central directory, which must lie within the file; nothing is unpacked before it is
 * asked for. No name is used as a path.
 *
 * @throws NpyError for archives that are damaged, encrypted, split, of more than 4 GB, have a name twice, or whose files
 * overlap, as those of bombs do
 */
export function openZip(bytes: Uint8Array, archive: string): ZipEntry[] {
  const entries = entriesOf(bytes, archive)
  const names = new Set<string>()
  for (const { name } of entries) {
    if (names.has(name)) throw new NpyError(`${archive}: it has two entries ${JSON.stringify(name)}.`)
    names.add(name)
  }
  const placed = entries.map((entry) => placeOf(bytes, entry, archive))
  let end = 0
  for (const { name, start, packed } of placed.toSorted((a, b) => a.offset - b.offset || a.start - b.start)) {
    if (start - 30 < end) throw damaged(archive, `${JSON.stringify(name)} overlaps another entry`)
    end = start + packed
  }
  return placed.map((entry) => {
    const { name, size, packed } = entry
    return {
      name,
      size,
      packed,
      begin: (count) => unpack(bytes, entry, archive, Math.min(count, size)),
      async read() {
        const file = await unpack(bytes, entry, archive, size)
        if (file.length === size && crc32(file) === entry.crc) return file
        throw damaged(archive, `${JSON.stringify(name)} has another size or CRC-32 than it says`)
      },
    }
  })
}

const damaged = (archive: string, what: string): NpyError =>
  new NpyError(`${archive}: ${what}. The file is damaged, or no .npz file.`)

interface Entry {
  readonly name: string
  readonly method: number
  readonly crc: number
  readonly packed: number
  readonly size: number
  readonly offset: number
}

function entriesOf(bytes: Uint8Array, archive: string): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let end = bytes.length - 22
  const earliest = Math.max(0, end - 0xffff) // a comment may follow
  while (end >= earliest && view.getUint32(end, true) !== END) end--
  if (end < earliest) throw damaged(archive, 'it has no end of a ZIP archive')
  const count = view.getUint16(end + 10, true)
  const start = view.getUint32(end + 16, true)
  if (count === 0xffff || start === 0xffffffff) {
    throw new NpyError(`${archive}: archives of more than 4 GB or 65,534 arrays are not read. Save it in parts.`)
  }
  const entries: Entry[] = []
  let at = start
  for (let index = 0; index < count; index++) {
    if (at + 46 > end || view.getUint32(at, true) !== CENTRAL)
      throw damaged(archive, `entry ${index} is not where it must be`)
    const lengths = tuple(
      [28, 30, 32].map((place) => view.getUint16(at + place, true)),
      3,
    )
    const next = at + 46 + lengths[0] + lengths[1] + lengths[2]
    if (next > end) throw damaged(archive, `entry ${index} is longer than its directory`)
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + lengths[0]))
    if (view.getUint16(at + 8, true) & 1) throw new NpyError(`${archive}: ${JSON.stringify(name)} is encrypted.`)
    entries.push({
      name,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    })
    at = next
  }
  const total = entries.reduce((sum, { packed }) => sum + packed, 0)
  if (total > bytes.length) throw damaged(archive, 'its entries are larger than itself')
  return entries
}

interface PlacedEntry extends Entry {
  /** Where its bytes begin, behind its own header. */
  readonly start: number
}

function placeOf(bytes: Uint8Array, entry: Entry, archive: string): PlacedEntry {
  const { name, method, packed, size, offset } = entry
  const called = JSON.stringify(name)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (offset + 30 > bytes.length || view.getUint32(offset, true) !== LOCAL)
    throw damaged(archive, `${called} is not where it must be`)
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true)
  if (start + packed > bytes.length) throw damaged(archive, `${called} is longer than the file`)
  if (method !== STORED && method !== DEFLATED) {
    throw new NpyError(`${archive}: ${called} is packed by method ${method}, expected none or deflate, as numpy does.`)
  }
  if (size > (method === STORED ? packed : packed * MOST_INFLATION)) {
    throw damaged(archive, `the ${packed} bytes of ${called} cannot hold its ${size}`)
  }
  return { ...entry, start }
}

/** The first `count` bytes, or all that there are; one more tells of a surplus. */
async function unpack(
  bytes: Uint8Array,
  { name, method, packed, size, start }: PlacedEntry,
  archive: string,
  count: number,
): Promise<Uint8Array> {
  const content = bytes.subarray(start, start + packed)
  const fail = (): never => {
    throw damaged(archive, `${JSON.stringify(name)} does not unpack`)
  }
  if (method === STORED) return content.subarray(0, count < size ? count : undefined)
  const { content: unpacked, surplus } = await inflate(content, count).catch(fail)
  if (surplus && count === size) fail()
  return unpacked
}

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
  return concatenate([...chunks, ...directory, signature(END), end])
}

function signature(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}
