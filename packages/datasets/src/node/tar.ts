import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'

const BLOCK = 512

/** The files of a `.tar.gz` by name (long names in extended headers are not read), in memory. */
export async function readTarGz(path: string): Promise<Map<string, Uint8Array>> {
  const file = createReadStream(path)
  const unpacked = createGunzip()
  file.on('error', (error) => unpacked.destroy(error))
  const stream = new ByteReader(file.pipe(unpacked))
  const files = new Map<string, Uint8Array>()
  const decoder = new TextDecoder()
  const text = (field: Uint8Array): string => decoder.decode(field.subarray(0, field.indexOf(0) >>> 0))
  for (;;) {
    const header = await stream.read(BLOCK)
    if (header[0] === 0) return files // the end is marked by blocks of zeros
    const prefix = text(header.subarray(345, 500))
    const name = text(header.subarray(0, 100))
    const octal = text(header.subarray(124, 136)).trim()
    if (!/^[0-7]+$/.test(octal))
      throw new Error(`the archive has a file of ${JSON.stringify(octal)} bytes: it is damaged`)
    const size = Number.parseInt(octal, 8)
    const content = await stream.read(Math.ceil(size / BLOCK) * BLOCK)
    const isFile = header[156] === 0 || header[156] === '0'.charCodeAt(0)
    if (isFile) files.set(prefix ? `${prefix}/${name}` : name, content.subarray(0, size))
  }
}

/** Exact numbers of bytes from a stream of chunks. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  async read(count: number): Promise<Uint8Array> {
    if (!Number.isSafeInteger(count)) throw new Error(`the archive has a file of ${count} bytes: it is damaged`)
    // As they arrive: a header alone must not decide how much memory is taken.
    const pieces: Uint8Array[] = []
    for (let left = count; left > 0; ) {
      if (this.#rest.length === 0) {
        const { value, done } = await this.#chunks.next()
        if (done) throw new Error(`the archive ends ${left} bytes early`)
        this.#rest = value
      }
      const piece = this.#rest.subarray(0, left)
      pieces.push(piece)
      left -= piece.length
      this.#rest = this.#rest.subarray(piece.length)
    }
    const { buffer, byteOffset, length } = Buffer.concat(pieces)
    return new Uint8Array(buffer, byteOffset, length)
  }
}
