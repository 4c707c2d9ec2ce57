import { dispose } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ClassificationSample, Dataset } from './dataset.ts'
import { DatasetError } from './dataset-error.ts'
import { boxesField, boxLabelsField, imageField, maskField } from './fields.ts'
import { loader } from './loader.ts'
import { SampleError } from './sample-error.ts'

beforeAll(() => useBackend('cpu'))

const good = (label = 3): ClassificationSample => ({ image: imageField(new Float32Array(4), [2, 2, 1]), label })
/** Without a label. */
const unlabelled = (values: object): object => ({ image: good().image, ...values })
/** With an image that is changed. */
const spoiled = (values: object): object => ({ ...good(), image: { ...good().image, ...values } })

/** Four samples, of which number 2 is what `make` gives. */
const asynchronous = (make: () => unknown): Dataset<ClassificationSample> => ({
  length: 4,
  get: (index) => (index === 2 ? (make() as Promise<ClassificationSample>) : Promise.resolve(good(index))),
})
const synchronous = (make: () => unknown): Dataset<ClassificationSample> => ({
  length: 4,
  get: async (index) => good(index),
  getSync: (index) => (index === 2 ? (make() as ClassificationSample) : good(index)),
})

async function labelsOf(dataset: Dataset<ClassificationSample>, onError: 'throw' | 'skip') {
  const batches = loader(dataset, { batchSize: 4, onError })
  const labels: number[] = []
  for await (const batch of batches) {
    labels.push(...batch.label.dataSync())
    dispose([batch.image, batch.label])
  }
  return { labels, skipped: batches.skipped }
}

const machine = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })
test.each([
  ['at once', synchronous],
  ['later', asynchronous],
])('a sample that fails %s for want of the machine is not left out', async (_, datasetOf) => {
  const dataset = datasetOf(() => {
    throw new DatasetError('cannot read photos/2.jpg', { cause: machine })
  })
  await expect(labelsOf(dataset, 'skip')).rejects.toMatchObject({ name: 'SampleError', index: 2 })
})

const thrown = (value: unknown) => () => {
  throw value
}
const rows: { name: string; make: () => unknown; message: string }[] = [
  { name: 'throws', make: thrown(new Error('broken')), message: 'sample 2: broken' },
  { name: 'throws no error', make: thrown('broken'), message: 'sample 2: broken' },
  { name: 'throws nothing', make: thrown(undefined), message: 'it failed without saying why (undefined was thrown)' },
  {
    name: 'gives nothing',
    make: () => undefined,
    message: 'expected a sample as a record of fields, as { image, label }, got undefined',
  },
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
  {
    name: 'gives a label of text',
    // @ts-expect-error a label is a number
    make: () => good('2'),
    message: 'mask or boxes (imageField(data, shape) …), got "2". Leave',
  },
  // @ts-expect-error a label is a number
  { name: 'gives a bigint', make: () => good(2n), message: '), got the bigint 2. Leave' },
  // @ts-expect-error a label is a number
  { name: 'gives a boolean', make: () => good(true), message: '), got true. Leave' },
  // @ts-expect-error a label is a number
  { name: 'gives the label null', make: () => good(null), message: '), got null. Leave' },
  // @ts-expect-error a label is a number
  { name: 'gives several labels', make: () => good([1, 2]), message: '), got [1, 2]. Leave' },
  {
    name: 'gives no shape',
    make: () => spoiled({ shape: undefined }),
    message: '[height, width, channels], got undefined',
  },
  {
    name: 'gives a shape of two sides',
    make: () => spoiled({ shape: [2, 2] }),
    message: '[height, width, channels], got [2, 2]',
  },
  { name: 'gives half a pixel', make: () => spoiled({ shape: [2, 2, 0.5] }), message: 'got [2, 2, 0.5]' },
  { name: 'gives doubles', make: () => spoiled({ data: new Float64Array(4) }), message: 'got a Float64Array' },
  { name: 'gives an image as a list', make: () => spoiled({ data: [0, 0, 0, 0] }), message: 'got [0, 0, 0, 0]' },
  {
    name: 'gives half an image',
    make: () => spoiled({ data: new Float32Array(2) }),
    message: 'expected image to have the 4 values of [2, 2, 1], got 2',
  },
  {
    name: 'gives a field of an unknown kind',
    make: () => spoiled({ kind: 'picture' }),
    message: 'got a Object. Leave',
  },
  { name: 'gives a Float64Array', make: () => ({ ...good(), x: new Float64Array(4) }), message: 'got a Float64Array' },
  {
    name: 'gives an array of another shape',
    make: () => ({ ...good(), x: { data: new Float32Array(4), shape: [3] } }),
    message: 'expected x to have the 3 values of [3], got 4',
  },
  {
    name: 'gives a mask of floats',
    // @ts-expect-error a mask has whole numbers
    make: () => ({ ...good(), mask: maskField(new Float32Array(4), [2, 2]) }),
    message: 'expected mask.data as a Uint8Array or a Int32Array',
  },
  {
    name: 'gives probabilities as a list',
    make: () => ({ ...good(), label: { kind: 'probabilities', data: [1] } }),
    message: 'expected label.data as a Float32Array',
  },
  {
    name: 'gives three quarters of a box',
    make: () => unlabelled({ boxes: boxesField(new Float32Array(3)) }),
    message: 'expected boxes as [count, 4], got 3 values',
  },
  {
    name: 'gives more labels than boxes',
    make: () => unlabelled({ boxes: boxesField(new Float32Array(8)), boxLabels: boxLabelsField(new Int32Array(3)) }),
    message: 'expected one of boxLabels for each of 2 boxes, got 3',
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
  const pair = (first: object, second: object): Dataset<ClassificationSample> => ({
    length: 2,
    get: async (index) => (index === 0 ? first : second) as ClassificationSample,
  })
  test.each<[string, object, object, string]>([
    ['have a label or have not', unlabelled({}), good(), 'sample 1 has label, but sample 0 of the same batch has not'],
    ['lack a label', good(), unlabelled({}), 'sample 1 has no label, but sample 0 of the same batch has'],
    [
      'have a mask or have not',
      good(),
      { ...good(), mask: maskField(new Uint8Array(4), [2, 2]) },
      'sample 1 has mask, but sample 0',
    ],
    [
      'are bytes or floats',
      good(),
      spoiled({ data: new Uint8Array(4) }),
      'image of sample 1 has whole numbers, but that of sample 0 of the same batch floats. Only bytes are divided by 255',
    ],
    [
      'are of two sizes',
      good(),
      spoiled({ data: new Float32Array(2), shape: [2, 1, 1] }),
      'image of sample 1 is [2, 1, 1], but that of sample 0 of the same batch [2, 2, 1]',
    ],
    [
      'are of two kinds',
      good(),
      { ...good(), label: { kind: 'probabilities', data: new Float32Array(2) } },
      "sample 1 has label of the kind 'probabilities', but sample 0 of the same batch has 'class'",
    ],
  ])('that %s are told', async (_, first, second, message) => {
    await expect(labelsOf(pair(first, second), 'throw')).rejects.toThrow(message)
  })
})

test.each<unknown>([Number.NaN, -1, 2.5, undefined, '4'])('a dataset of length %s is refused', (length) => {
  // @ts-expect-error some of them are no numbers
  expect(() => loader({ ...asynchronous(() => good()), length }, { batchSize: 1 })).toThrow(
    `expected a dataset whose length is a whole number from 0, got ${length}`,
  )
})
