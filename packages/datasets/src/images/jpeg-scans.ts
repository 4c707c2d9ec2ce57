/** A part of a JPEG: what its marker says, and the compressed values behind a scan's header. */
export interface JpegSegment {
  readonly marker: number
  readonly content: Uint8Array
  readonly data?: Uint8Array
}

const [DHT, SOS, DRI] = [0xc4, 0xda, 0xdd]

/**
 * Whether the scans of a JPEG have all of its values: those that its Huffman codes stand for are counted, and not
 * computed. It tells a file that lacks its end alone from one that was cut, which no decoder of browsers does. Slow (a
 * second for a large photo), and for those alone.
 *
 * @param segments of an image of 8 bits, baseline or progressive
 * @see ITU-T T.81 (1992), annexes F and G
 */
export function hasAllValues(segments: readonly JpegSegment[]): boolean {
  const tables = new Map<number, HuffmanTable>()
  let restart = 0
  let frame: Frame | undefined
  for (const { marker, content, data } of segments) {
    if (marker === DHT) readTables(content, tables)
    else if (marker === DRI) restart = (content[0] ?? 0) * 256 + (content[1] ?? 0)
    else if (marker >= 0xc0 && marker <= 0xc2) frame = readFrame(content, marker === 0xc2)
    else if (marker === SOS && (!frame || !data || !readScan({ content, data, frame, tables, restart }))) return false
  }
  return true
}

interface Component {
  readonly across: number
  readonly down: number
  /** Blocks in a row of whole groups, and of those that the image needs. */
  readonly stride: number
  readonly columns: number
  readonly rows: number
  /** Which coefficients of each block are not zero: progressive files depend on it. */
  readonly nonzero: Uint8Array
}

interface Frame {
  readonly progressive: boolean
  /** Groups of interleaved blocks. */
  readonly columns: number
  readonly rows: number
  readonly components: ReadonlyMap<number, Component>
}

function readFrame(content: Uint8Array, progressive: boolean): Frame {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength)
  const [height, width] = [view.getUint16(1), view.getUint16(3)]
  const parts = Array.from({ length: content[5] as number }, (_, at) => {
    const sampling = content[7 + 3 * at] as number
    return { id: content[6 + 3 * at] as number, across: sampling >> 4 || 1, down: sampling & 15 || 1 }
  })
  const [across, down] = [Math.max(...parts.map((part) => part.across)), Math.max(...parts.map((part) => part.down))]
  const [columns, rows] = [Math.ceil(width / (8 * across)), Math.ceil(height / (8 * down))]
  const components = parts.map((part): [number, Component] => {
    const stride = columns * part.across
    const own = {
      columns: Math.ceil(Math.ceil((width * part.across) / across) / 8),
      rows: Math.ceil(Math.ceil((height * part.down) / down) / 8),
    }
    return [
      part.id,
      { ...part, ...own, stride, nonzero: new Uint8Array(progressive ? stride * rows * part.down * 64 : 0) },
    ]
  })
  return { progressive, columns, rows, components: new Map(components) }
}

interface Scan {
  readonly content: Uint8Array
  readonly data: Uint8Array
  readonly frame: Frame
  readonly tables: ReadonlyMap<number, HuffmanTable>
  readonly restart: number
}

/** Whether there are codes for every block of a scan. */
function readScan({ content, data, frame, tables, restart }: Scan): boolean {
  const parts = Array.from({ length: content[0] as number }, (_, at) => {
    const [id, choice] = [content[1 + 2 * at] as number, content[2 + 2 * at] as number]
    return { component: frame.components.get(id), dc: tables.get(choice >> 4), ac: tables.get(16 + (choice & 15)) }
  })
  const [first, last, bits] = content.subarray(-3) as unknown as [number, number, number]
  const band = { first, last: Math.min(last, 63), refines: bits >> 4 !== 0 }
  const reader = new BitReader(data)
  const run = { blocks: 0 }
  const block = ({ dc, ac }: (typeof parts)[number], nonzero: Uint8Array): boolean =>
    frame.progressive
      ? readBand(reader, { dc, ac, nonzero, run, ...band })
      : dc !== undefined && ac !== undefined && readBlock(reader, dc, ac)
  const alone = parts.length === 1 ? parts[0] : undefined
  const columns = alone?.component?.columns ?? frame.columns
  const groups = columns * (alone?.component?.rows ?? frame.rows)
  for (let group = 0; group < groups; group++) {
    if (restart > 0 && group > 0 && group % restart === 0) {
      if (!reader.restart()) return false
      run.blocks = 0
    }
    const [column, row] = [group % columns, Math.floor(group / columns)]
    for (const part of parts) {
      if (!part.component) return false
      const { across, down, stride, nonzero } = part.component
      const [wide, high] = alone ? [1, 1] : [across, down]
      for (let at = 0; at < wide * high; at++) {
        const place = (row * high + Math.floor(at / wide)) * stride + column * wide + (at % wide)
        if (!block(part, nonzero.subarray(place * 64, place * 64 + 64))) return false
      }
    }
  }
  return true
}

function readBlock(reader: BitReader, dc: HuffmanTable, ac: HuffmanTable): boolean {
  if (!reader.skip(reader.code(dc))) return false
  for (let at = 1; at < 64; at++) {
    const code = reader.code(ac)
    const size = code & 15
    if (size === 0 && code >> 4 !== 15) return code >= 0 // the end of the block
    at += code >> 4
    if (!reader.skip(size)) return false
  }
  return true
}

interface Band {
  readonly first: number
  readonly last: number
  readonly refines: boolean
  readonly dc: HuffmanTable | undefined
  readonly ac: HuffmanTable | undefined
  readonly nonzero: Uint8Array
  /** Blocks that are still covered by the last end of a band. */
  readonly run: { blocks: number }
}

function readBand(reader: BitReader, { first, last, refines, dc, ac, nonzero, run }: Band): boolean {
  if (first === 0) return refines ? reader.skip(1) : dc !== undefined && reader.skip(reader.code(dc))
  let at = first
  while (run.blocks === 0 && at <= last) {
    const code = ac ? reader.code(ac) : -1
    if (code < 0) return false
    const size = code & 15
    let zeros = code >> 4
    if (size === 0 && zeros < 15) {
      const more = reader.bits(zeros)
      if (more < 0) return false
      run.blocks = 2 ** zeros + more
      break
    }
    if (!reader.skip(size)) return false
    for (; at <= last; at++) {
      if (refines && nonzero[at] === 1) {
        if (!reader.skip(1)) return false
      } else if (zeros-- === 0) break
    }
    if (size > 0 && at <= last) nonzero[at] = 1
    at++
  }
  if (run.blocks === 0) return true
  if (refines) for (; at <= last; at++) if (nonzero[at] === 1 && !reader.skip(1)) return false
  run.blocks--
  return true
}

/** By the length of a code: the first code, how many there are, and where their values stand. */
interface HuffmanTable {
  readonly counts: Uint8Array
  readonly values: Uint8Array
}

/** Tables by their number, and 16 more for those of coefficients. */
function readTables(content: Uint8Array, tables: Map<number, HuffmanTable>): void {
  for (let at = 0; at + 17 <= content.length; ) {
    const counts = content.subarray(at + 1, at + 17)
    const total = counts.reduce((sum, count) => sum + count, 0)
    tables.set(content[at] as number, { counts, values: content.subarray(at + 17, at + 17 + total) })
    at += 17 + total
  }
}

class BitReader {
  #at = 0
  #byte = 0
  #left = 0

  constructor(readonly data: Uint8Array) {}

  /** The next bit; −1 at a marker and at the end. */
  #bit(): number {
    if (this.#left === 0) {
      const byte = this.data[this.#at]
      if (byte === undefined || (byte === 0xff && this.data[this.#at + 1] !== 0)) return -1
      this.#at += byte === 0xff ? 2 : 1
      this.#byte = byte
      this.#left = 8
    }
    return (this.#byte >> --this.#left) & 1
  }

  /** A number of so many bits; −1 where there are fewer. */
  bits(count: number): number {
    let value = 0
    for (let left = count; left > 0; left--) {
      const bit = this.#bit()
      if (bit < 0) return -1
      value = value * 2 + bit
    }
    return value
  }

  /** Whether there are so many. */
  skip(count: number): boolean {
    return count >= 0 && this.bits(count) >= 0
  }

  /** What the next code stands for; −1 where there is none. */
  code({ counts, values }: HuffmanTable): number {
    let [code, first, index] = [0, 0, 0]
    for (let length = 0; length < 16; length++) {
      const bit = this.#bit()
      if (bit < 0) return -1
      code = code * 2 + bit
      const count = counts[length] as number
      if (code - first < count) return values[index + code - first] ?? -1
      index += count
      first = (first + count) * 2
    }
    return -1
  }

  /** To behind the next restart marker, if that is what comes next. */
  restart(): boolean {
    this.#left = 0
    while (this.data[this.#at] === 0xff && this.data[this.#at + 1] === 0xff) this.#at++
    const [mark, number] = [this.data[this.#at], this.data[this.#at + 1] ?? 0]
    this.#at += 2
    return mark === 0xff && number >= 0xd0 && number <= 0xd7
  }
}
