import type { NamedFile } from './protocol.ts'

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
 * A tar file (ustar), which every system unpacks.
 * @param time of the files, in seconds since 1970
 * @throws RangeError for a name of more than 100 bytes
 */
export function writeTar(files: readonly NamedFile[], time: number): Uint8Array<ArrayBuffer> {
  const padded = (size: number): number => Math.ceil(size / block) * block
  const total = files.reduce((sum, { bytes }) => sum + block + padded(bytes.length), 2 * block)
  const tar = new Uint8Array(total)
  let at = 0
  for (const { name, bytes } of files) {
    tar.set(headerOf(name, bytes.length, time), at)
    tar.set(bytes, at + block)
    at += block + padded(bytes.length)
  }
  return tar
}

function headerOf(name: string, size: number, time: number): Uint8Array {
  const header = new Uint8Array(block)
  const write = (field: keyof typeof fields, text: string): void => {
    const bytes = new TextEncoder().encode(text)
    const [offset, length] = fields[field]
    if (bytes.length > length)
      throw new RangeError(`writeTar: expected a ${field} of at most ${length} bytes, got ${text}.`)
    header.set(bytes, offset)
  }
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`
  write('name', name)
  write('mode', octal(0o644, 7))
  write('size', octal(size, 11))
  write('time', octal(time, 11))
  write('type', '0')
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
 * The files in a tar file; folders and links are left out.
 * @throws Error where it is cut short or no tar file
 */
export function readTar(tar: Uint8Array): NamedFile[] {
  const files: NamedFile[] = []
  let at = 0
  while (at + block <= tar.length && tar[at] !== 0) {
    const text = (field: keyof typeof fields): string => {
      const [offset, length] = fields[field]
      const bytes = tar.subarray(at + offset, at + offset + length)
      const end = bytes.indexOf(0)
      return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
    }
    const octal = text('size').trim()
    if (!text('magic').startsWith('ustar') || !/^[0-7]+$/.test(octal))
      throw new Error('expected a tar file, got another kind.')
    const size = Number.parseInt(octal, 8)
    const [start, end] = [at + block, at + block + size]
    if (end > tar.length) throw new Error('the tar file is cut short.')
    const name = [text('prefix'), text('name')].filter((part) => part !== '').join('/')
    if (['0', ''].includes(text('type'))) files.push({ name, bytes: tar.slice(start, end) })
    at = start + Math.ceil(size / block) * block
  }
  return files
}
