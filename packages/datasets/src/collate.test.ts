import {
  dispose,
  memory,
  random,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tensor,
} from '@ddnet/ops'
import { itemAt, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest'
import { type Batch, collate } from './collate.ts'
import type { Dataset, DetectionSample } from './dataset.ts'
import { boxesField, float, type ImageField, imageField, type MaskField, maskField } from './fields.ts'
import { imageDataset } from './image-dataset.ts'
import { type Loader, loader } from './loader.ts'
import { map } from './map.ts'
import { coco } from './sources/coco.ts'
import { tensorDataset } from './tensor-dataset.ts'
import { mixUp } from './transforms/mix-up.ts'
import { normalize } from './transforms/normalize.ts'

beforeAll(() => useBackend('cpu'))

const datasetOf = <T>(...samples: T[]): Dataset<T> => ({
  length: samples.length,
  get: async (index) => itemAt(samples, index),
})
const first = async <B>(batches: AsyncIterable<B>): Promise<B> => {
  for await (const batch of batches) return batch
  throw new Error('no batch')
}
const valuesOf = (x: Tensor) => ({ dtype: x.dtype, shape: x.shape, values: [...x.dataSync()] })
const read = (batch: Readonly<Record<string, Tensor>>) => {
  const values = Object.fromEntries(Object.entries(batch).map(([name, x]) => [name, valuesOf(x)]))
  dispose(Object.values(batch))
  return values
}

describe('a batch has the names of its samples, and of each field', () => {
  test('that is a number classes, that is measured floats, that is an array its rows', async () => {
    const sample = (at: number) => ({
      id: at,
      y: float(at / 4),
      x: Float32Array.of(at, -at),
      tokens: Int32Array.of(7, 8, at),
      matrix: { data: Uint8Array.of(1, 2, 3, at), shape: [2, 2] as const },
    })
    const batch = await first(loader(datasetOf(sample(1), sample(2)), { batchSize: 2 }))
    expectTypeOf(batch).toEqualTypeOf<{
      readonly id: Tensor1D
      readonly y: Tensor1D
      readonly x: Tensor2D
      readonly tokens: Tensor2D
      readonly matrix: Tensor3D
    }>()
    expect(read(batch)).toEqual({
      id: { dtype: 'int32', shape: [2], values: [1, 2] },
      y: { dtype: 'float32', shape: [2], values: [0.25, 0.5] },
      x: { dtype: 'float32', shape: [2, 2], values: [1, -1, 2, -2] },
      tokens: { dtype: 'int32', shape: [2, 3], values: [7, 8, 1, 7, 8, 2] },
      matrix: { dtype: 'int32', shape: [2, 2, 2], values: [1, 2, 3, 1, 1, 2, 3, 2] },
    })
  })

  test('may be an image alone, or two images', async () => {
    const image = imageField(Uint8Array.of(0, 51), [1, 2, 1])
    const alone = await first(loader(datasetOf({ image }), { batchSize: 1 }))
    expectTypeOf(alone).toEqualTypeOf<{ readonly image: Tensor4D }>()
    expect(read(alone)).toEqual({ image: { dtype: 'float32', shape: [1, 1, 2, 1], values: [0, Math.fround(0.2)] } })
    const target = imageField(Float32Array.of(0.5, 2), [1, 2, 1])
    expect(read(await first(loader(datasetOf({ image, target }), { batchSize: 1 })))).toMatchObject({
      target: { dtype: 'float32', shape: [1, 1, 2, 1], values: [0.5, 2] },
    })
  })

  test('boxes need no labels', async () => {
    const batch = await first(loader(datasetOf({ boxes: boxesField(Float32Array.of(0, 1, 2, 3)) }), { batchSize: 1 }))
    expect(read(batch)).toEqual({ boxes: { dtype: 'float32', shape: [1, 1, 4], values: [0, 1, 2, 3] } })
  })

  test('arrays of differing shapes are told, with what to do', async () => {
    const dataset = datasetOf({ x: Float32Array.of(1) }, { x: Float32Array.of(1, 2) })
    await expect(first(loader(dataset, { batchSize: 2 }))).rejects.toThrow(
      'loader: x of sample 1 is [2], but that of sample 0 of the same batch [1]. Bring them to one shape with map, or give the loader your own collate.',
    )
  })

  test('a number that is measured is told what to do', async () => {
    await expect(first(loader(datasetOf({ y: 0.37 }), { batchSize: 1 }))).rejects.toThrow(
      'loader: sample 0: expected y as a class, a whole number from 0, or -100 for one that is to be ignored, got 0.37. A number that is measured is float(0.37).',
    )
  })
})

describe('the type of a batch is that of its dataset', () => {
  const images = imageDataset({ images: new Uint8Array(4), labels: [0], shape: [2, 2, 1] })

  test('and a wrong field name does not compile', () => {
    const batches = loader(map(images, normalize({ mean: 0.5, std: 0.5 })), { batchSize: 1 })
    expectTypeOf(batches).toExtend<Loader<{ readonly image: Tensor4D; readonly label: Tensor1D }>>()
    const step = ({ image, label }: Batch<{ image: ImageField; label: number }>) => [image, label]
    expectTypeOf(step).parameter(0).toEqualTypeOf<{ readonly image: Tensor4D; readonly label: Tensor1D }>()
    ;async () => {
      for await (const batch of batches) {
        // @ts-expect-error the field is called label
        batch.labels
      }
    }
    // @ts-expect-error text makes no tensor
    const texts = () => loader(datasetOf({ text: 'a' }), { batchSize: 1 })
    expect(texts).toBeTypeOf('function')
  })

  test('through mixUp, optional fields, arrays of any shape, and masks that are asked for', () => {
    expectTypeOf(loader(mixUp(images, { classes: 2 }), { batchSize: 1 })).toExtend<
      Loader<{ readonly image: Tensor4D; readonly label: Tensor2D }>
    >()
    expectTypeOf<Batch<{ mask?: MaskField }>>().toEqualTypeOf<{ readonly mask?: Tensor3D | undefined }>()
    expectTypeOf<Batch<{ x: { data: Float32Array; shape: number[] } }>>().toEqualTypeOf<{ readonly x: Tensor }>()
    const masked = () => coco({} as never, { annotations: 'a.json', masks: true })
    expectTypeOf(masked).returns.resolves.toExtend<Dataset<DetectionSample & { readonly mask: MaskField }>>()
    const boxes = () => coco({} as never, { annotations: 'a.json' })
    expectTypeOf(boxes).returns.resolves.toExtend<Dataset<DetectionSample>>()
    expectTypeOf(boxes).returns.resolves.not.toExtend<Dataset<{ readonly mask: MaskField }>>()
  })
})

describe('a collate of your own', () => {
  const texts = datasetOf('ab', 'c', 'def')
  const padded = (samples: readonly string[]) => {
    const most = Math.max(...samples.map(({ length }) => length))
    const codes = samples.flatMap((text) =>
      Array.from({ length: most }, (_, at) => (at < text.length ? text.charCodeAt(at) - 96 : 0)),
    )
    return tensor(codes, [samples.length, most], 'int32')
  }

  test('makes batches of whatever the samples are, and only what it returns is kept', async () => {
    const before = memory().numTensors
    const batches = loader(texts, {
      batchSize: 3,
      shuffle: true,
      key: random.key(2),
      collate(samples, indices) {
        tensor([1, 2, 3]) // left behind
        return { tokens: padded(samples), texts: samples, indices }
      },
    })
    expectTypeOf(batches).toExtend<Loader<{ tokens: Tensor2D; texts: readonly string[] }>>()
    const batch = await first(batches)
    const order = [...random.permutation(random.key(2).fold('epoch').fold(0), 3)]
    expect(batch.indices).toEqual(order)
    expect(batch.texts).toEqual(order.map((index) => ['ab', 'c', 'def'][index]))
    const rows = [
      [1, 2, 0],
      [3, 0, 0],
      [4, 5, 6],
    ]
    expect([...batch.tokens.dataSync()]).toEqual(order.flatMap((index) => rows[index]))
    expect(memory().numTensors).toBe(before + 1)
    batch.tokens.dispose()
  })

  test('may leave to the default what that knows', async () => {
    const samples = datasetOf({ text: 'ab', label: 1 }, { text: 'c', label: 0 })
    const batches = loader(samples, {
      batchSize: 2,
      collate: (samples) => ({
        ...collate(samples.map(({ label }) => ({ label }))),
        tokens: padded(samples.map(({ text }) => text)),
      }),
    })
    expectTypeOf(batches).toExtend<Loader<{ label: Tensor1D; tokens: Tensor2D }>>()
    expect(read(await first(batches))).toEqual({
      label: { dtype: 'int32', shape: [2], values: [1, 0] },
      tokens: { dtype: 'int32', shape: [2, 2], values: [1, 2, 3, 0] },
    })
  })

  test('gives its batch at once, as a record', async () => {
    const wrong = (batch: unknown) => first(loader(texts, { batchSize: 1, collate: () => batch as object }))
    await expect(wrong(undefined)).rejects.toThrow(
      'expected collate to return a record of tensors at once, got undefined',
    )
    await expect(wrong(Promise.resolve({}))).rejects.toThrow('at once, got a promise')
  })

  test('skips samples that cannot be read, as the default does', async () => {
    const damaged: Dataset<string> = {
      length: 3,
      get: async (index) => (index === 1 ? Promise.reject(new Error('damaged')) : texts.get(index)),
    }
    const batches = loader(damaged, { batchSize: 3, onError: 'skip', collate: (samples) => ({ samples }) })
    expect((await first(batches)).samples).toEqual(['ab', 'def'])
    expect([...batches.skipped.keys()]).toEqual([1])
  })
})

describe('a dataset of arrays', () => {
  test('has a row of each, copied, under its name', async () => {
    const x = Float32Array.of(1, 2, 3, 4, 5, 6)
    const points = tensorDataset({
      x: { data: x, shape: [3, 2] },
      y: Float32Array.of(0.5, 0.25, 0),
      label: Uint8Array.of(2, 1, 0),
      listed: [7, 8, 9],
    })
    expect(points.length).toBe(3)
    const sample = await points.get(1)
    expect(sample).toEqual({
      x: { data: Float32Array.of(3, 4), shape: [2] },
      y: { data: Float32Array.of(0.25), shape: [] },
      label: 1,
      listed: 8,
    })
    expect(sample.x.data.buffer).not.toBe(x.buffer)
    const batches = loader(points, { batchSize: 2 })
    expectTypeOf(batches).toExtend<Loader<{ x: Tensor2D; y: Tensor1D; label: Tensor1D; listed: Tensor1D }>>()
    expect(read(await first(batches))).toEqual({
      x: { dtype: 'float32', shape: [2, 2], values: [1, 2, 3, 4] },
      y: { dtype: 'float32', shape: [2], values: [0.5, 0.25] },
      label: { dtype: 'int32', shape: [2], values: [2, 1] },
      listed: { dtype: 'int32', shape: [2], values: [7, 8] },
    })
  })

  test('says what it expected', async () => {
    expect(() => tensorDataset({})).toThrow('tensorDataset: expected arrays, as in { x, y }, got none')
    expect(() => tensorDataset({ x: Int32Array.of(1), y: Int32Array.of(1, 2) })).toThrow(
      'tensorDataset: expected arrays of one length, got x of 1 and y of 2',
    )
    expect(() => tensorDataset({ x: { data: new Float32Array(5), shape: [2, 3] } })).toThrow(
      'tensorDataset: expected x as a Float32Array, an Int32Array, a Uint8Array, or { data, shape: [count, …] } of one that fills its shape, got Float32Array of 5 values with shape [2,3]',
    )
    await expect(tensorDataset({ x: [1] }).get(1)).rejects.toThrow('expected an index in 0 … 0, got 1')
  })
})

test('samples without fields make no batch', () => {
  expect(() => collate([])).toThrow('collate: expected samples, got none')
  // @ts-expect-error a field is no sample
  expect(() => collate([maskField(Uint8Array.of(1), [1, 1])])).toThrow('expected kind as a class')
})
