import { dispose } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Dataset, Sample } from './dataset.ts'
import { loader } from './loader.ts'
import { SampleError } from './sample-error.ts'

beforeAll(() => useBackend('cpu'))

const good = (label = 3): Sample => ({ image: new Float32Array(4), shape: [2, 2, 1], label })
const boxes = (values: object): object => ({ image: new Float32Array(4), shape: [2, 2, 1], ...values })

/** Four samples, of which number 2 is what `make` gives. */
const asynchronous = (make: () => unknown): Dataset<Sample> => ({
  length: 4,
  get: (index) => (index === 2 ? (make() as Promise<Sample>) : Promise.resolve(good(index))),
})
const synchronous = (make: () => unknown): Dataset<Sample> => ({
  length: 4,
  get: async (index) => good(index),
  getSync: (index) => (index === 2 ? (make() as Sample) : good(index)),
})

async function labelsOf(dataset: Dataset<Sample>, onError: 'throw' | 'skip') {
  const batches = loader(dataset, { batchSize: 4, onError })
  const labels: number[] = []
  for await (const batch of batches) {
    labels.push(...batch.labels.dataSync())
    dispose([batch.images, batch.labels])
  }
  return { labels, skipped: batches.skipped }
}

const thrown = (value: unknown) => () => {
  throw value
}
const rows: { name: string; make: () => unknown; message: string }[] = [
  { name: 'throws', make: thrown(new Error('broken')), message: 'sample 2: broken' },
  { name: 'throws no error', make: thrown('broken'), message: 'sample 2: broken' },
  { name: 'throws nothing', make: thrown(undefined), message: 'it failed without saying why (undefined was thrown)' },
  { name: 'gives nothing', make: () => undefined, message: 'expected a sample { image, shape, … }, got undefined' },
  { name: 'gives null', make: () => null, message: 'got null' },
  { name: 'gives a number', make: () => 5, message: 'got 5' },
  {
    name: 'gives what throws when it is looked at',
    make: () => ({
      ...good(),
      get label(): number {
        throw new Error('no label')
      },
    }),
    message: 'sample 2: no label',
  },
  ...[Number.NaN, 1.5, 2 ** 31, -1, Number.POSITIVE_INFINITY].map((label) => ({
    name: `gives the label ${label}`,
    make: () => good(label),
    message: `sample 2: expected label as a class, a whole number from 0, or -100 for one that is to be ignored, got ${label}`,
  })),
  { name: 'gives a label of text', make: () => good('2' as never), message: 'to be ignored, got "2"' },
  { name: 'gives a bigint', make: () => good(2n as never), message: 'to be ignored, got the bigint 2' },
  { name: 'gives a boolean', make: () => good(true as never), message: 'to be ignored, got true' },
  { name: 'gives the label null', make: () => good(null as never), message: 'to be ignored, got null' },
  { name: 'gives several labels', make: () => good([1, 2] as never), message: 'to be ignored, got [1, 2]' },
  { name: 'gives no shape', make: () => ({ ...good(), shape: undefined }), message: 'got undefined' },
  {
    name: 'gives a shape of two sides',
    make: () => ({ ...good(), shape: [2, 2] }),
    message: '[height, width, channels], got [2, 2]',
  },
  { name: 'gives half a pixel', make: () => ({ ...good(), shape: [2, 2, 0.5] }), message: 'got [2, 2, 0.5]' },
  { name: 'gives doubles', make: () => ({ ...good(), image: new Float64Array(4) }), message: 'got a Float64Array' },
  { name: 'gives an image as a list', make: () => ({ ...good(), image: [0, 0, 0, 0] }), message: 'got [0, 0, 0, 0]' },
  {
    name: 'gives a mask of floats',
    make: () => ({ ...good(), mask: new Float32Array(4) }),
    message: 'expected mask as a Uint8Array or a Int32Array',
  },
  {
    name: 'gives probabilities as a list',
    make: () => ({ ...good(), probabilities: [1] }),
    message: 'expected probabilities as a Float32Array',
  },
  {
    name: 'gives three quarters of a box',
    make: () => boxes({ boxes: new Float32Array(3), boxLabels: new Int32Array(1) }),
    message: 'expected boxes as [count, 4], got 3 values',
  },
  {
    name: 'gives boxes without labels',
    make: () => boxes({ boxes: new Float32Array(8) }),
    message: 'for each of 2 boxes, got 0',
  },
]

describe.each([
  ['synchronous', synchronous],
  ['asynchronous', (make: () => unknown) => asynchronous(async () => make())],
  ['asynchronous, at once,', asynchronous],
] as const)('an %s dataset that', (_, datasetOf) => {
  test.each(rows)('$name is told by the index of the sample', async ({ make, message }) => {
    const failure = await labelsOf(datasetOf(make), 'throw').catch((error) => error)
    expect(failure).toBeInstanceOf(SampleError)
    expect(failure).toMatchObject({ index: 2, message: expect.stringContaining(message) })
  })

  test.each(rows)('$name can be gone on without', async ({ make, message }) => {
    const { labels, skipped } = await labelsOf(datasetOf(make), 'skip')
    expect(labels).toEqual([0, 1, 3])
    expect([...skipped.keys()]).toEqual([2])
    expect(skipped.get(2)?.message).toContain(message)
  })
})

test('a label to be ignored, the largest class and the first one are taken', async () => {
  for (const label of [-100, 2 ** 31 - 1, 0]) {
    expect(
      (
        await labelsOf(
          synchronous(() => good(label)),
          'throw',
        )
      ).labels,
    ).toEqual([0, 1, label, 3])
  }
})

describe('samples of one batch', () => {
  const pair = (first: object, second: object): Dataset<Sample> => ({
    length: 2,
    get: async (index) => (index === 0 ? first : second) as Sample,
  })
  test.each<[string, object, object, string]>([
    ['have a label or have not', boxes({}), good(), 'sample 1 has label, but sample 0 of the same batch has not'],
    ['lack a label', good(), boxes({}), 'sample 1 has no label, but sample 0 of the same batch has'],
    ['have a mask or have not', good(), { ...good(), mask: new Uint8Array(4) }, 'sample 1 has mask, but sample 0'],
    [
      'are bytes or floats',
      good(),
      { ...good(), image: new Uint8Array(4) },
      'the image of sample 1 is of bytes, but that of sample 0 of the same batch of floats',
    ],
    ['are of two sizes', good(), { ...good(), image: new Float32Array(2), shape: [2, 1, 1] }, 'sample 1 is [2,1,1]'],
  ])('that %s are told', async (_, first, second, message) => {
    await expect(labelsOf(pair(first, second), 'throw')).rejects.toThrow(message)
  })
})

test.each([Number.NaN, -1, 2.5, undefined as never, '4' as never])('a dataset of length %s is refused', (length) => {
  expect(() => loader({ ...asynchronous(() => good()), length }, { batchSize: 1 })).toThrow(
    `expected a dataset whose length is a whole number from 0, got ${length}`,
  )
})
