import { concatenateBytes } from '@ddnet/ops/checks'
/** A file by its name, or its path in something. */
export interface NamedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

const block = 512

/** Where the fields of a header stand, as [offset, length]. */
const fields = {
  name: [0, 100],
  mode: [100, 8],
  size: [124, 12],
  time: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
  prefix: [345, 155],
} as const

/**
 * A tar file (ustar, with POSIX headers of long names), which every system unpacks.
 * @param time of the files, in seconds since 1970
 */
export function writeTar(files: readonly NamedFile[], time: number): Uint8Array<ArrayBuffer> {
  const parts = files.flatMap(({ name, bytes }) => [
    ...longName(name, time),
    headerOf(name, bytes.length, time),
    bytes,
    new Uint8Array((block - (bytes.length % block)) % block),
  ])
  return concatenateBytes([...parts, new Uint8Array(2 * block)])
}

/** What goes before the header of a file whose name has no room in it: a record `LENGTH path=NAME`, which counts itself. */
function longName(name: string, time: number): Uint8Array[] {
  const record = new TextEncoder().encode(` path=${name}\n`)
  if (new TextEncoder().encode(name).length <= fields.name[1]) return []
  let length = record.length
  while (String(length).length + record.length !== length) length = String(length).length + record.length
  const bytes = new Uint8Array(Math.ceil(length / block) * block)
  bytes.set(new TextEncoder().encode(String(length)))
  bytes.set(record, String(length).length)
  return [headerOf('PaxHeader', length, time, 'x'), bytes]
}

function headerOf(name: string, size: number, time: number, type = '0'): Uint8Array {
  const header = new Uint8Array(block)
  const write = (field: keyof typeof fields, text: string): void => {
    const bytes = new TextEncoder().encode(text)
    const [offset, length] = fields[field]
    header.set(bytes.subarray(0, length), offset) // the rest of a long name stands before the header
  }
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`
  write('name', name)
  write('mode', octal(0o644, 7))
  write('size', octal(size, 11))
  write('time', octal(time, 11))
  write('type', type)
  write('magic', 'ustar\x0000')
  // Summed with spaces in its own place.
  write('checksum', ' '.repeat(8))
  write(
    'checksum',
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
  )
  return header
}

/**
 * The files in a tar file, in its order; folders and links are left out.
 * @throws Error where it is cut short or no tar file
 */
export function readTar(tar: Uint8Array): NamedFile[] {
  const files: NamedFile[] = []
  let at = 0
  /** Of the file behind it. */
  let long: string | undefined
  while (at + block <= tar.length && tar[at] !== 0) {
    const text = (field: keyof typeof fields): string => {
      const [offset, length] = fields[field]
      return textOf(tar.subarray(at + offset, at + offset + length))
    }
    const octal = text('size').trim()
    if (!text('magic').startsWith('ustar') || !/^[0-7]+$/.test(octal))
      throw new Error('expected a tar file, got another kind.')
    const size = Number.parseInt(octal, 8)
    const [start, end] = [at + block, at + block + size]
    if (end > tar.length) throw new Error('the tar file is cut short.')
    const type = text('type')
    if (type === 'L') long = textOf(tar.subarray(start, end))
    else if (type === 'x') long = pathIn(tar.subarray(start, end)) ?? long
    else {
      const name = long ?? [text('prefix'), text('name')].filter((part) => part !== '').join('/')
      if (['0', ''].includes(type)) files.push({ name, bytes: tar.slice(start, end) })
      long = undefined
    }
    at = start + Math.ceil(size / block) * block
  }
  return files
}

/** Up to a NUL, if there is one. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}

/** The path in a POSIX header, where it has one. */
const pathIn = (bytes: Uint8Array): string | undefined =>
  /(?:^|\n)\d+ path=([^\n]*)\n/.exec(new TextDecoder().decode(bytes))?.[1]
