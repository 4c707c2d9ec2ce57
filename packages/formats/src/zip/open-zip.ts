import { crc32, tuple } from '@ddnet/ops/checks'
import { inflate } from './inflate.ts'

export const LOCAL = 0x04034b50
export const CENTRAL = 0x02014b50
export const END = 0x06054b50
const STORED = 0
const DEFLATED = 8
/** The most that deflate packs into a byte. */
const MOST_INFLATION = 1032

/** What an archive is opened as: what its errors say, and of which class they are. */
export interface Archive {
  /** `.npz file` */
  readonly expected: string
  /** Whether a CRC-32 of 0 says that none was computed, as PyTorch may be told (`torch.serialization.set_crc32_options`). */
  readonly mayLackCrc?: boolean
  error(message: string): Error
}

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
 * @throws `archive.error` for archives that are damaged, encrypted, split, of more than 4 GB, have a name twice, or whose files
 * overlap, as those of bombs do
 */
export function openZip(bytes: Uint8Array, archive: Archive): ZipEntry[] {
  const entries = entriesOf(bytes, archive)
  const names = new Set<string>()
  for (const { name } of entries) {
    if (names.has(name)) throw archive.error(`it has two entries ${JSON.stringify(name)}.`)
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
        const isUnchecked = archive.mayLackCrc === true && entry.crc === 0
        if (file.length === size && (isUnchecked || crc32(file) === entry.crc)) return file
        throw damaged(archive, `${JSON.stringify(name)} has another size or CRC-32 than it says`)
      },
    }
  })
}

const damaged = (archive: Archive, what: string): Error =>
  archive.error(`${what}. The file is damaged, or no ${archive.expected}.`)

interface Entry {
  readonly name: string
  readonly method: number
  readonly crc: number
  readonly packed: number
  readonly size: number
  readonly offset: number
}

function entriesOf(bytes: Uint8Array, archive: Archive): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let end = bytes.length - 22
  const earliest = Math.max(0, end - 0xffff) // a comment may follow
  while (end >= earliest && view.getUint32(end, true) !== END) end--
  if (end < earliest) throw damaged(archive, 'it has no end of a ZIP archive')
  const count = view.getUint16(end + 10, true)
  const start = view.getUint32(end + 16, true)
  if (count === 0xffff || start === 0xffffffff) {
    throw archive.error(`archives of more than 4 GB or 65,534 entries are not read. Save it in parts.`)
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
    if (view.getUint16(at + 8, true) & 1) throw archive.error(`${JSON.stringify(name)} is encrypted.`)
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

function placeOf(bytes: Uint8Array, entry: Entry, archive: Archive): PlacedEntry {
  const { name, method, packed, size, offset } = entry
  const called = JSON.stringify(name)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (offset + 30 > bytes.length || view.getUint32(offset, true) !== LOCAL)
    throw damaged(archive, `${called} is not where it must be`)
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true)
  if (start + packed > bytes.length) throw damaged(archive, `${called} is longer than the file`)
  if (method !== STORED && method !== DEFLATED) {
    throw archive.error(`${called} is packed by method ${method}, expected none or deflate.`)
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
  archive: Archive,
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
