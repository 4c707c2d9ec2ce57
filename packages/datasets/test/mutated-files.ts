import { readFileSync } from 'node:fs'
import { fixtureUrl, readMutations } from '@ddnet/testing'
import { DatasetError } from '../src/dataset-error.ts'
import type { Files } from '../src/files/files.ts'
import { decodeImage } from '../src/images/decode-image.node.ts'
import { decodeMask } from '../src/images/decode-mask.ts'
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
  'PNG image': {
    files: ['cat/1.png', 'dog/gray.png', 'dog/transparent.png'].map((name) => fixture(`photos/${name}`)),
    read: (file) => decodeImage(file, 'file'),
  },
  'JPEG image': {
    files: ['dog/1.jpg', 'dog/turned.jpg', 'cat/deeper/2.jpg'].map((name) => fixture(`photos/${name}`)),
    read: (file) => decodeImage(file, 'file'),
  },
}

/** What is read of `count` mutated files, by their kind. */
export const mutatedFiles: [kind: string, read: (count: number, seed: number) => ReturnType<typeof readMutations>][] =
  Object.entries(kinds).map(([kind, { files, read }]) => [
    kind,
    (count, seed) => readMutations(files, read, { count, seed, isExpected: (error) => error instanceof DatasetError }),
  ])
