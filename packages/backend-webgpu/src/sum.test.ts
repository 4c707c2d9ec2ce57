import {
  engine,
  getKernel,
  matMul,
  ones,
  reshape,
  sum,
  type Tensor,
  tensor1d,
  tensor2d,
  tidy,
} from '@tensorflow/tfjs-core'
import { beforeAll, expect, test } from 'vitest'
import { sumByRows } from './sum.ts'
import { webgpu } from './webgpu.ts'

beforeAll(async () => {
  await webgpu()
})

/** 1, 2, … on the device. */
const counting = (shape: number[]): Tensor => {
  const size = shape.reduce((product, each) => product * each, 1)
  return tidy(() =>
    reshape(
      matMul(
        tensor2d(
          Array.from({ length: size }, (_, at) => at + 1),
          [size, 1],
        ),
        ones([1, 1]),
      ),
      shape,
    ),
  )
}

async function reduce(kind: 'sum' | 'mean', shape: number[], axis: number[], keepDims: boolean) {
  const kernel = sumByRows(kind, 'everywhere')(getKernel(kind === 'sum' ? 'Sum' : 'Mean', 'webgpu').kernelFunc)
  const x = counting(shape)
  const output = kernel({ inputs: { x }, attrs: { axis, keepDims }, backend: engine().backend })
  const y = engine().makeTensorFromTensorInfo(output as never)
  const values = [...(await y.data())]
  x.dispose()
  y.dispose()
  return { shape: y.shape, values }
}

test('adds up many rows', async () => {
  // Column c of 300 rows of 4 holds c + 1, c + 5, …, c + 1197.
  const total = 4 * ((299 * 300) / 2)
  const values = [0, 1, 2, 3].map((column) => total + 300 * (column + 1))
  expect(await reduce('sum', [3, 10, 10, 4], [0, 1, 2], false)).toEqual({ shape: [4], values })
  expect(await reduce('mean', [3, 10, 10, 4], [2, 0, 1], true)).toEqual({
    shape: [1, 1, 1, 4],
    values: values.map((value) => value / 300),
  })
})

test('reduces axes in the middle', async () => {
  expect(await reduce('sum', [2, 2, 4], [1], false)).toEqual({ shape: [2, 4], values: [6, 8, 10, 12, 22, 24, 26, 28] })
})

test('reduces last axes, and several runs of axes', async () => {
  expect(await reduce('sum', [2, 2, 3], [1], false)).toEqual({ shape: [2, 3], values: [5, 7, 9, 17, 19, 21] })
  expect(await reduce('mean', [2, 4], [1], false)).toEqual({ shape: [2], values: [2.5, 6.5] })
  expect(await reduce('sum', [2, 2, 4], [0, 2], true)).toEqual({ shape: [1, 2, 1], values: [52, 84] })
  expect(await reduce('mean', [2, 2, 4], [0, 1, 2], false)).toEqual({ shape: [], values: [8.5] })
})

test('reduces ranks that the stock kernel refuses', async () => {
  // The gradient of tiling [2, 2] to [4, 4] adds up [2, 2, 2, 2] over the repetitions; here with axes of one between.
  const shape = [2, 1, 2, 1, 2, 1, 2, 1]
  expect(await reduce('sum', shape, [0, 1, 4, 5], false)).toEqual({ shape: [2, 1, 2, 1], values: [24, 28, 40, 44] })
})

test('leaves axes of one, and integers, to the stock kernel', async () => {
  expect(await reduce('sum', [2, 1, 2], [1], false)).toEqual({ shape: [2, 2], values: [1, 2, 3, 4] })
  const flags = tensor1d([true, false, true], 'bool')
  const count = sum(flags)
  expect([count.dtype, [...(await count.data())]]).toEqual(['int32', [2]])
  for (const each of [flags, count]) each.dispose()
})

test('keeps no partial sum', async () => {
  const backend = engine().backend as unknown as { numDataIds(): number }
  await reduce('sum', [100, 4], [0], false)
  const before = backend.numDataIds()
  await reduce('sum', [100, 4], [0], false)
  expect(backend.numDataIds()).toBe(before)
})
