import { dispose, memory, random } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Dataset, Sample } from './dataset.ts'
import { imageDataset } from './image-dataset.ts'
import { type Batch, type Loader, loader } from './loader.ts'
import { map } from './map.ts'
import { subset } from './subset.ts'
import { normalize } from './transforms/normalize.ts'
import { randomCrop } from './transforms/random-crop.ts'
import { randomHorizontalFlip } from './transforms/random-horizontal-flip.ts'

beforeAll(() => useBackend('cpu'))

const key = random.key(7)
const COUNT = 11
const dataset = imageDataset({
  images: Uint8Array.from({ length: COUNT * 4 * 4 * 3 }, (_, at) => (at * 37) % 256),
  labels: Array.from({ length: COUNT }, (_, index) => index), // so that a label tells which sample it is
  shape: [4, 4, 3],
})
const augmented = map(dataset, randomHorizontalFlip(), randomCrop({ padding: 1 }), normalize({ mean: 0.5, std: 0.25 }))
/** The same samples, but only asynchronously. */
const slow = <T>({ length, get }: Dataset<T>): Dataset<T> => ({
  length,
  get: async (index, options) => {
    await new Promise((resolve) => setTimeout(resolve, (index * 7) % 5))
    return get(index, options)
  },
})

interface Read {
  images: number[]
  labels: number[]
}
function read({ images, labels }: Batch): Read {
  const values = { images: [...images.dataSync()], labels: [...labels.dataSync()] }
  dispose([images, labels])
  return values
}
async function epoch(batches: Loader<Batch>): Promise<Read[]> {
  const all: Read[] = []
  for await (const batch of batches) all.push(read(batch))
  return all
}
const labelsOf = (all: Read[]) => all.flatMap(({ labels }) => labels)

describe('a batch', () => {
  test('holds images as float32 [batch, height, width, channels], and labels as int32 [batch]', async () => {
    for await (const { images, labels } of loader(dataset, { batchSize: 4 })) {
      const size = labels.shape[0] as number
      expect([images.shape, images.dtype, labels.dtype]).toEqual([[size, 4, 4, 3], 'float32', 'int32'])
      dispose([images, labels])
    }
  })

  test('of bytes has the scale where white is 1', async () => {
    const [first] = await epoch(loader(dataset, { batchSize: 2 }))
    const bytes = Array.from({ length: 2 * 48 }, (_, at) => Math.fround(((at * 37) % 256) / 255))
    expect(first?.images).toEqual(bytes)
  })

  test('of floats is left as it is', async () => {
    const normalized = map(dataset, normalize({ mean: 0.5, std: 0.25 }))
    const [first] = await epoch(loader(normalized, { batchSize: 1 }))
    expect(first?.images).toEqual([...(await normalized.get(0)).image])
  })

  test('belongs to the consumer, and nothing else is kept', async () => {
    const before = memory().numTensors
    for await (const { images, labels } of loader(slow(augmented), { batchSize: 2, key, shuffle: true, prefetch: 4 })) {
      expect(memory().numTensors).toBe(before + 2)
      dispose([images, labels])
    }
    expect(memory().numTensors).toBe(before)
  })

  test('cannot hold two shapes, and the error names the sample', async () => {
    const mixed: Dataset<Sample> = {
      length: 3,
      get: async (index) => ({
        image: new Uint8Array(index === 2 ? 12 : 3),
        shape: index === 2 ? [2, 2, 3] : [1, 1, 3],
        label: 0,
      }),
    }
    await expect(epoch(loader(mixed, { batchSize: 3 }))).rejects.toThrow(
      'loader: sample 2 is [2,2,3] with 12 values, but sample 0 of the same batch is [1,1,3]',
    )
  })
})

describe('an epoch', () => {
  test('is in the order of the dataset without shuffle', async () => {
    const batches = loader(dataset, { batchSize: 4 })
    expect(batches.length).toBe(3)
    const all = await epoch(batches)
    expect(all.map(({ labels }) => labels)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, 10],
    ])
  })

  test('leaves out the small last batch with dropLast', async () => {
    const batches = loader(dataset, { batchSize: 4, dropLast: true })
    expect(batches.length).toBe(2)
    expect((await epoch(batches)).map(({ labels }) => labels.length)).toEqual([4, 4])
  })

  test('has the order of the documented permutation, another one each time', async () => {
    const batches = loader(dataset, { batchSize: 4, shuffle: true, key })
    const orders = [labelsOf(await epoch(batches)), labelsOf(await epoch(batches))]
    for (const [at, order] of orders.entries()) {
      expect(order).toEqual([...random.permutation(key.fold('epoch').fold(at), COUNT)])
    }
    expect(orders[0]).not.toEqual(orders[1])
  })

  test('gives each sample the documented key', async () => {
    const batches = loader(augmented, { batchSize: 4, shuffle: true, key })
    await epoch(batches)
    const second = await epoch(batches)
    const index = second[1]?.labels[2] as number
    const expected = await augmented.get(index, { key: key.fold('sample').fold(1).fold(index) })
    expect(second[1]?.images.slice(2 * 48, 3 * 48)).toEqual([...expected.image])
  })

  test('is the same again from the same key, and synchronously or not, with any prefetch', async () => {
    const options = { batchSize: 3, shuffle: true, key }
    const expected = await epoch(loader(augmented, options))
    expect(await epoch(loader(augmented, options))).toEqual(expected)
    for (const prefetch of [0, 1, 2, 9]) {
      expect(await epoch(loader(slow(augmented), { ...options, prefetch }))).toEqual(expected)
    }
    expect(await epoch(loader(augmented, { ...options, key: random.key(8) }))).not.toEqual(expected)
  })
})

describe.each([
  ['in memory', augmented],
  ['asynchronous', slow(augmented)],
])('the state of a loader whose samples are %s', (_, data) => {
  const options = { batchSize: 3, shuffle: true, key }
  const fresh = () => loader(data, options)

  test('counts the batches that were received, not those that were prefetched', async () => {
    const batches = fresh()
    expect(batches.state()).toEqual({ epoch: 0, position: 0 })
    const positions: unknown[] = []
    for await (const batch of batches) {
      await new Promise((resolve) => setTimeout(resolve, 5)) // time to prefetch
      positions.push(batches.state())
      read(batch)
    }
    expect(positions).toEqual([1, 2, 3, 4].map((position) => ({ epoch: 0, position })))
    expect(batches.state()).toEqual({ epoch: 1, position: 0 })
  })

  test.each([0, 1, 2, 3, 4])(
    'restored after %d batches, gives exactly the rest, and then the next epoch',
    async (position) => {
      const uninterrupted = fresh()
      await epoch(uninterrupted)
      const second = await epoch(uninterrupted)
      const third = await epoch(uninterrupted)

      const batches = fresh()
      batches.restore(JSON.parse(JSON.stringify({ epoch: 1, position })))
      expect(batches.state()).toEqual({ epoch: 1, position })
      expect(await epoch(batches)).toEqual(second.slice(position))
      expect(await epoch(batches)).toEqual(third)
    },
  )

  test('after a break tells where it was, and the next iteration is the next epoch', async () => {
    const batches = fresh()
    for await (const batch of batches) {
      read(batch)
      if (batches.state().position === 2) break
    }
    expect(batches.state()).toEqual({ epoch: 0, position: 2 })
    const uninterrupted = fresh()
    await epoch(uninterrupted)
    expect(await epoch(batches)).toEqual(await epoch(uninterrupted))
  })
})

test('no more than prefetch batches are made ahead', async () => {
  let asked = 0
  const counting: Dataset<Sample> = {
    length: 100,
    get: (index) => {
      asked++
      return dataset.get(index % COUNT)
    },
  }
  let received = 0
  for await (const batch of loader(counting, { batchSize: 10, prefetch: 2 })) {
    read(batch)
    received++
    expect(asked).toBeLessThanOrEqual(10 * (received + 2))
  }
  expect(asked).toBe(100)
})

test('a sample that fails fails its own batch, after those before it', async () => {
  const failing: Dataset<Sample> = {
    length: 6,
    get: async (index) => {
      if (index === 4) throw new Error('sample 4 is damaged')
      return dataset.get(index)
    },
  }
  const received: number[] = []
  const consume = async () => {
    for await (const batch of loader(failing, { batchSize: 1, prefetch: 5 })) {
      received.push(...read(batch).labels)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
  await expect(consume()).rejects.toThrow('sample 4 is damaged')
  expect(received).toEqual([0, 1, 2, 3])
})

test('options that cannot work are refused', () => {
  expect(() => loader(dataset, { batchSize: 0 })).toThrow(
    'loader: expected batchSize to be a whole number from 1, got 0',
  )
  expect(() => loader(dataset, { batchSize: 1.5 })).toThrow('got 1.5')
  expect(() => loader(dataset, { batchSize: 1, prefetch: -1 })).toThrow(
    'loader: expected prefetch to be a whole number from 0, got -1',
  )
  expect(() => loader(dataset, { batchSize: 1, shuffle: true })).toThrow('loader: shuffle needs a key')
  expect(() => loader(dataset, { batchSize: 12, dropLast: true })).toThrow(
    'loader: 11 samples make no batch of 12 (dropLast)',
  )
  expect(() => loader(subset(dataset, 0), { batchSize: 2 })).toThrow('loader: 0 samples make no batch of 2')
})

test('a state that cannot be is refused', () => {
  const batches = loader(dataset, { batchSize: 4 })
  for (const state of [
    { epoch: -1, position: 0 },
    { epoch: 0, position: 4 },
    { epoch: 0.5, position: 0 },
    { epoch: 0, position: -1 },
  ]) {
    expect(() => batches.restore(state)).toThrow(`in 0 … 3, got ${JSON.stringify(state)}`)
  }
})

test('a random transform without a key is told to the consumer', async () => {
  await expect(epoch(loader(augmented, { batchSize: 4 }))).rejects.toThrow('randomHorizontalFlip: needs a key')
})
