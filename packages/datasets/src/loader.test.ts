import { dispose, memory, random } from '@ddnet/ops'
import { defined, itemAt, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Batch } from './collate.ts'
import type { ClassificationSample, Dataset } from './dataset.ts'
import { DatasetError } from './dataset-error.ts'
import { boxesField, boxLabelsField, imageField, type MaskField, maskField } from './fields.ts'
import { imageDataset } from './image-dataset.ts'
import { type Loader, loader } from './loader.ts'
import { map } from './map.ts'
import { SampleError } from './sample-error.ts'
import { weightedSampler } from './samplers.ts'
import { subset } from './subset.ts'
import { mixUp } from './transforms/mix-up.ts'
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
function read({ image, label }: Batch<ClassificationSample>): Read {
  const values = { images: [...image.dataSync()], labels: [...label.dataSync()] }
  dispose([image, label])
  return values
}
async function epoch(batches: Loader<Batch<ClassificationSample>>): Promise<Read[]> {
  const all: Read[] = []
  for await (const batch of batches) all.push(read(batch))
  return all
}
const labelsOf = (all: Read[]) => all.flatMap(({ labels }) => labels)

describe('a batch', () => {
  test('holds the image as float32 [batch, height, width, channels], and the label as int32 [batch]', async () => {
    for await (const batch of loader(dataset, { batchSize: 4 })) {
      expect(Object.keys(batch)).toEqual(['image', 'label'])
      const { image, label } = batch
      const size = itemAt(label.shape, 0)
      expect([image.shape, image.dtype, label.dtype]).toEqual([[size, 4, 4, 3], 'float32', 'int32'])
      dispose([image, label])
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
    expect(first?.images).toEqual([...(await normalized.get(0)).image.data])
  })

  test('belongs to the consumer, and nothing else is kept', async () => {
    const before = memory().numTensors
    for await (const { image, label } of loader(slow(augmented), { batchSize: 2, key, shuffle: true, prefetch: 4 })) {
      expect(memory().numTensors).toBe(before + 2)
      dispose([image, label])
    }
    expect(memory().numTensors).toBe(before)
  })

  test('cannot hold two shapes, and the error names the sample', async () => {
    const mixed: Dataset<ClassificationSample> = {
      length: 3,
      get: async (index) => ({
        image: index === 2 ? imageField(new Uint8Array(12), [2, 2, 3]) : imageField(new Uint8Array(3), [1, 1, 3]),
        label: 0,
      }),
    }
    await expect(epoch(loader(mixed, { batchSize: 3 }))).rejects.toThrow(
      'loader: image of sample 2 is [2, 2, 3], but that of sample 0 of the same batch [1, 1, 3]. Bring them to one shape',
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
    const index = itemAt(second[1]?.labels, 2)
    const expected = await augmented.get(index, { key: key.fold('sample').fold(1).fold(index) })
    expect(second[1]?.images.slice(2 * 48, 3 * 48)).toEqual([...expected.image.data])
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
  const counting: Dataset<ClassificationSample> = {
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
  const failing: Dataset<ClassificationSample> = {
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

describe('what is collated', () => {
  const of = <S>(...samples: S[]): Dataset<S> => ({
    length: samples.length,
    get: async (index) => itemAt(samples, index),
  })
  const first = async <B>(batches: AsyncIterable<B>): Promise<B> => {
    for await (const batch of batches) return batch
    throw new Error('no batch')
  }
  const image = imageField(Uint8Array.of(0, 255), [1, 2, 1])
  const maskOf = (...classes: number[]) => maskField(Uint8Array.from(classes), [1, 2])

  test('masks are int32 [batch, height, width]', async () => {
    const masks = of({ image, mask: maskOf(1, 2) }, { image, mask: maskOf(3, 0) })
    const batch = await first(loader(masks, { batchSize: 2 }))
    const { mask } = batch
    expect([mask.shape, mask.dtype, [...mask.dataSync()]]).toEqual([[2, 1, 2], 'int32', [1, 2, 3, 0]])
    dispose([batch.image, mask])
  })

  test('probabilities are, where samples are mixed', async () => {
    const mixed = mixUp(subset(dataset, 4), { classes: 4 })
    const batch = await first(loader(mixed, { batchSize: 3, key }))
    expect([batch.label.shape, batch.label.dtype]).toEqual([[3, 4], 'float32'])
    const rows = Array.from(batch.label.dataSync())
    for (const row of [0, 1, 2]) expect(rows.slice(4 * row, 4 * row + 4).reduce((a, b) => a + b)).toBeCloseTo(1, 6)
    dispose([batch.image, batch.label])
  })

  test('boxes are filled up with zeros, labelled −1', async () => {
    const boxes = of(
      {
        image,
        boxes: boxesField(Float32Array.of(0, 0, 1, 1, 1, 0, 2, 1)),
        boxLabels: boxLabelsField(Int32Array.of(4, 5)),
      },
      { image, boxes: boxesField(new Float32Array()), boxLabels: boxLabelsField(new Int32Array()) },
    )
    const batch = await first(loader(boxes, { batchSize: 2 }))
    expect(batch.boxes.shape).toEqual([2, 2, 4])
    expect([...batch.boxes.dataSync()]).toEqual([0, 0, 1, 1, 1, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    expect([...batch.boxLabels.dataSync()]).toEqual([4, 5, -1, -1])
    dispose([batch.image, batch.boxes, batch.boxLabels])
  })

  test('a sample that lacks what the first one has is named', async () => {
    const mixed = of<ClassificationSample & { mask?: MaskField }>(
      { image, label: 1, mask: maskOf(0, 1) },
      { image, label: 1 },
    )
    await expect(first(loader(mixed, { batchSize: 2 }))).rejects.toThrow('loader: sample 1 has no mask, but sample 0')
    const short = of({ image, mask: maskOf(0, 1) }, { image, mask: maskOf(1) })
    await expect(first(loader(short, { batchSize: 2 }))).rejects.toThrow(
      'loader: sample 1: expected mask to have the 2 values of [1, 2], got 1',
    )
  })
})

describe('a sampler', () => {
  const weights = Array.from({ length: COUNT }, (_, index) => (index === 3 ? 20 : 1))
  const sampler = weightedSampler({ weights, count: 20 })
  const options = { batchSize: 6, key, sampler }

  test('decides the order, by the key of the epoch, and its length the number of batches', async () => {
    const batches = loader(dataset, options)
    expect(batches.length).toBe(4)
    for (const at of [0, 1])
      expect(labelsOf(await epoch(batches))).toEqual([...sampler.order(key.fold('epoch').fold(at))])
  })

  test('that draws a sample again gives it another key', async () => {
    const [all] = [await epoch(loader(augmented, options))]
    const order = [...sampler.order(key.fold('epoch').fold(0))]
    const own = key.fold('sample').fold(0).fold(3)
    const images = all.flatMap(({ images, labels }) => labels.map((_, at) => images.slice(48 * at, 48 * (at + 1))))
    const places = order.flatMap((index, place) => (index === 3 ? [place] : []))
    expect(places.length).toBeGreaterThan(2)
    for (const [time, place] of places.entries()) {
      const expected = await augmented.get(3, { key: time === 0 ? own : own.fold('again').fold(time) })
      expect(images[place]).toEqual([...expected.image.data])
    }
  })

  test('resumes at any step', async () => {
    const expected = await epoch(loader(slow(augmented), options))
    for (const position of [0, 1, 3, 4]) {
      const batches = loader(augmented, options)
      batches.restore({ epoch: 0, position })
      expect(await epoch(batches)).toEqual(expected.slice(position))
    }
  })

  test('must fit', () => {
    expect(() => loader(dataset, { ...options, shuffle: true })).toThrow('expected shuffle or a sampler, got both')
    expect(() => loader(dataset, { batchSize: 6, sampler })).toThrow('loader: a sampler needs a key')
    expect(() => loader(subset(dataset, 4), options)).toThrow(
      'the sampler draws from 11 samples, but the dataset has 4',
    )
  })
})

describe.each(['in memory', 'asynchronous'])('a damaged sample, %s,', (kind) => {
  const get = (index: number): ClassificationSample => {
    if (index % 5 === 1) throw new DatasetError(`photos/${index}.jpg is damaged`, { path: `photos/${index}.jpg` })
    return defined(dataset.getSync?.(index))
  }
  const damaged: Dataset<ClassificationSample> = {
    length: COUNT,
    get: async (index) => get(index),
    ...(kind === 'in memory' && { getSync: get }),
  }

  test('is told with its index and its file', async () => {
    const error = await epoch(loader(damaged, { batchSize: 3 })).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(SampleError)
    expect(error).toMatchObject({
      index: 1,
      path: 'photos/1.jpg',
      message: 'loader: sample 1: photos/1.jpg is damaged',
    })
  })

  test('is left out and counted where that is asked for', async () => {
    const batches = loader(damaged, { batchSize: 3, onError: 'skip' })
    const labels = (await epoch(batches)).map(({ labels }) => labels)
    expect(labels).toEqual([
      [0, 2],
      [3, 4, 5],
      [7, 8],
      [9, 10],
    ])
    await epoch(batches)
    expect([...batches.skipped.keys()]).toEqual([1, 6])
    expect(batches.skipped.get(6)?.path).toBe('photos/6.jpg')
    batches.restore({ epoch: 2, position: 2 })
    expect(labelsOf(await epoch(batches))).toEqual([7, 8, 9, 10])
  })

  test('that leaves nothing of its batch is an error all the same', async () => {
    await expect(epoch(loader(damaged, { batchSize: 1, onError: 'skip' }))).rejects.toThrow('loader: sample 1: ')
  })
})

describe('an aborted loader', () => {
  const reason = new Error('enough')

  test('ends with the reason, also while a sample never comes', async () => {
    const cancel = new AbortController()
    const signals: (AbortSignal | undefined)[] = []
    const stuck: Dataset<ClassificationSample> = {
      length: 4,
      get: (index, options) => {
        signals.push(options?.signal)
        return index === 2 ? new Promise(() => {}) : dataset.get(index)
      },
    }
    const batches = loader(stuck, { batchSize: 1, signal: cancel.signal })
    const received: number[] = []
    const consume = async () => {
      for await (const batch of batches) {
        received.push(...read(batch).labels)
        if (received.length === 2) setTimeout(() => cancel.abort(reason), 1)
      }
    }
    await expect(consume()).rejects.toBe(reason)
    expect(received).toEqual([0, 1])
    expect(batches.state()).toEqual({ epoch: 0, position: 2 })
    expect(signals.every((signal) => signal?.aborted)).toBe(true)
    await expect(epoch(loader(dataset, { batchSize: 1, signal: cancel.signal }))).rejects.toBe(reason)
  })

  test('tells the dataset, as does one that is left early', async () => {
    let signal: AbortSignal | undefined
    const watching: Dataset<ClassificationSample> = {
      length: 11,
      get: (index, options) => {
        signal = options?.signal
        return dataset.get(index)
      },
    }
    for await (const batch of loader(
      map(watching, (sample) => sample),
      { batchSize: 2 },
    )) {
      read(batch)
      expect(signal?.aborted).toBe(false)
      break
    }
    expect(signal?.aborted).toBe(true)
  })
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
