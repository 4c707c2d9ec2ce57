import { readFileSync } from 'node:fs'
import { fixtureUrl, readMutations } from '@ddnet/testing'
import sharp from 'sharp'
import { DatasetError } from '../src/dataset-error.ts'
import type { Files } from '../src/files/files.ts'
import { decodeImage } from '../src/images/decode-image.node.ts'
import { decodeMask } from '../src/images/decode-mask.ts'
import { decodePng } from '../src/images/decode-png.ts'
import { cifar10Binary } from '../src/sources/cifar-binary.ts'
import { parseCoco } from '../src/sources/coco-json.ts'
import { cocoMask } from '../src/sources/coco-mask.ts'
import { readIdx } from '../src/sources/idx.ts'
import { record } from './synthetic-cifar10.ts'

const fixture = (name: string) => readFileSync(fixtureUrl(`datasets/${name}`))
const filesOf = (content: Uint8Array): Files => ({
  list: async () => ['file'],
  read: async () => content,
  path: (name) => name,
})
const cifar = Buffer.concat(
  [3, 9].map((label) => record({ label, pixels: Uint8Array.from({ length: 3072 }, (_, at) => (at * 37) % 256) })),
)

const pixels = Uint8Array.from({ length: 12 * 10 * 3 }, (_, at) => (at * 37) % 256)
const small = sharp(pixels, { raw: { width: 12, height: 10, channels: 3 } })

const kinds: Readonly<Record<string, { files: Uint8Array[]; read: (file: Uint8Array) => unknown }>> = {
  'CIFAR binary': { files: [cifar], read: (file) => cifar10Binary(filesOf(file), ['file']) },
  IDX: {
    files: [fixture('mnist/train-images-idx3-ubyte'), fixture('mnist/t10k-images-idx3-ubyte.gz')],
    read: (file) => readIdx(filesOf(file), 'file'),
  },
  'COCO JSON': {
    files: [fixture('coco/instances.json')],
    read: (file) => {
      for (const { annotations, height, width } of parseCoco(file, 'file').images) {
        // Larger ones only take longer.
        if (height * width > 100_000) continue
        for (const { segmentation } of annotations) if (segmentation) cocoMask(segmentation, height, width)
      }
    },
  },
  'PNG mask': {
    files: ['palette1', 'palette4', 'palette8', 'wide'].map((name) => fixture(`cells/masks/${name}.png`)),
    read: (file) => decodeMask(file, 'file'),
  },
  // Damage that a checksum tells of is found early; this is what somebody makes on purpose.
  'PNG mask with right checksums': {
    files: ['palette1', 'palette4', 'palette8', 'wide'].map((name) => fixture(`cells/masks/${name}.png`)),
    read: (file) => decodeMask(withChecksums(file), 'file'),
  },
  'PNG image': {
    files: ['cat/1.png', 'dog/gray.png', 'dog/transparent.png'].map((name) => fixture(`photos/${name}`)),
    read: (file) => decodeImage(file, 'file'),
  },
  'PNG mask, interlaced, with right checksums': {
    files: [await small.png({ progressive: true }).toBuffer()],
    read: (file) => decodePng(withChecksums(file), 'file'),
  },
  'JPEG image': {
    files: ['dog/1.jpg', 'dog/turned.jpg', 'cat/deeper/2.jpg'].map((name) => fixture(`photos/${name}`)),
    read: (file) => decodeImage(file, 'file'),
  },
  // What is repaired before it is decoded.
  'JPEG image without its end': {
    files: ['baseline-restarts', 'progressive-420', 'progressive-restarts', 'gray', 'cmyk'].map((name) =>
      fixture(`jpegs/${name}.jpg`).subarray(0, -2),
    ),
    read: (file) => decodeImage(file, 'file'),
  },
  'GIF image': { files: [await small.gif().toBuffer()], read: (file) => decodeImage(file, 'file') },
  'WebP image': {
    files: [await small.webp().toBuffer(), await small.webp({ lossless: true }).toBuffer()],
    read: (file) => decodeImage(file, 'file'),
  },
  'AVIF image': { files: [await small.avif().toBuffer()], read: (file) => decodeImage(file, 'file') },
  'BMP image': {
    files: Array.from({ length: 14 }, (_, at) => new Uint8Array(readFileSync(fixtureUrl(`bitmaps/${at}.bmp`)))),
    read: (file) => decodeImage(file, 'file'),
  },
  'TIFF image': {
    files: [await small.tiff().toBuffer(), await small.tiff({ tile: true, compression: 'lzw' }).toBuffer()],
    read: (file) => decodeImage(file, 'file'),
  },
}

/** A PNG whose chunks have the CRC-32 of what is in them, as far as they can be followed. */
function withChecksums(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  for (let at = 8; at + 12 <= file.length; ) {
    const end = at + 8 + view.getUint32(at)
    if (end + 4 > file.length) break
    let crc = 0xffffffff
    for (const byte of file.subarray(at + 4, end)) {
      crc ^= byte
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1
    }
    view.setUint32(end, ~crc >>> 0)
    at = end + 4
  }
  return file
}

/** What is read of `count` mutated files, by their kind. */
export const mutatedFiles: Record<string, (count: number, seed: number) => ReturnType<typeof readMutations>> =
  Object.fromEntries(
    Object.entries(kinds).map(([kind, { files, read }]) => [
      kind,
      (count, seed) =>
        readMutations(files, read, { count, seed, isExpected: (error) => error instanceof DatasetError }),
    ]),
  )
