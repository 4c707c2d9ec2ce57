import {
  adamUpdate,
  add,
  batchNorm,
  maxPool2d,
  mean,
  memory,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  tensor,
  tidy,
  tile,
  toHost,
  valueAndGrads,
} from '@ddnet/ops'
import { describeBackends, expectClose, floatsOf, itemAt, lastItem, useBackend } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'

/** Values without a pattern, the same in every run. */
function noise(shape: number[], seed: number, offset = 0): Tensor {
  const size = shape.reduce((product, length) => product * length, 1)
  let state = seed
  const values = Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1 + offset
  })
  return tensor(values, shape)
}

type Case = { inputs: () => Tensor[]; run: (inputs: Tensor[]) => Tensor }

/** The value and all gradients on one backend. */
async function compute(backend: 'cpu' | 'wasm', { inputs, run }: Case): Promise<Float32Array[]> {
  await useBackend(backend)
  const before = memory().numTensors
  const xs = inputs()
  const dy = tidy(() => noise(run(xs).shape, 9))
  const { value, grads } = valueAndGrads(() => run(xs), xs, dy)
  const results = await Promise.all([value, ...grads].map(toHost))
  for (const used of [...xs, dy, value, ...grads]) used.dispose()
  expect(memory().numTensors, 'tensors left behind').toBe(before)
  return results.map(({ data }) => data as Float32Array)
}

const normalized = (shape: number[], activation?: 'relu'): Case => {
  const channels = lastItem(shape)
  return {
    inputs: () => [noise(shape, 1), noise([channels], 2, 1.5), noise([channels], 3)],
    run: ([x, weight, bias]) => {
      const running = noise([channels], 4) as Tensor1D
      const options = { weight: weight as Tensor1D, bias: bias as Tensor1D, runningMean: running, runningVar: running }
      return batchNorm(x as Tensor, { ...options, training: true, ...(activation && { activation }) }).y
    },
  }
}

const pooled = (shape: number[], options: Parameters<typeof maxPool2d>[1]): Case => ({
  inputs: () => [noise(shape, 5, -2)],
  run: ([x]) => maxPool2d(x as Tensor4D, options),
})

const cases: [string, Case][] = [
  ['batch norm of one chunk', normalized([2, 3, 4, 8])],
  ['batch norm of many chunks, channels in fours and one', normalized([3, 21, 13, 13], 'relu')],
  ['batch norm of three channels', normalized([2, 31, 17, 3], 'relu')],
  ['batch norm of a matrix', normalized([70, 130], 'relu')],
  ['max pool 2', pooled([3, 16, 16, 32], { kernelSize: 2 })],
  ['max pool of odd sizes and channels, overlapping', pooled([2, 9, 7, 6], { kernelSize: 3, stride: 2, padding: 1 })],
  [
    'max pool with dilation and ceil mode',
    pooled([2, 10, 11, 3], { kernelSize: 2, dilation: 3, stride: 3, ceilMode: true }),
  ],
  ['max pool of no images', pooled([0, 8, 8, 4], { kernelSize: 2 })],
]

const reduced = (shape: number[], axis: number | number[] | undefined, keepDims = false): Case => ({
  inputs: () => [noise(shape, 6, 1)],
  run: ([x]) => add(sum(x as Tensor, axis, keepDims), mean(x as Tensor, axis, keepDims)),
})

cases.push(
  ['sum and mean of all', reduced([3, 5, 7], undefined)],
  ['sum and mean of the last axis', reduced([30, 67], -1, true)],
  ['sum and mean of the first axis', reduced([67, 31], 0)],
  ['sum and mean of height and width', reduced([5, 16, 17, 22], [1, 2])],
  ['sum and mean of axes apart', reduced([5, 6, 7, 3], [0, 2], true)],
  ['sum and mean of nothing', reduced([4, 5], [])],
  [
    'tiling blocks, values and nothing',
    { inputs: () => [noise([3, 1, 2, 1], 7)], run: ([x]) => tile(x as Tensor, [2, 3, 1, 5]) },
  ],
  [
    'tiling large blocks',
    { inputs: () => [noise([3, 700], 8)], run: ([x]) => tile(tile(x as Tensor, [2, 3]), [1, 1]) },
  ],
)

describeBackends('compiled kernels', () => {
  describe('equal the compositions on plain JavaScript', () => {
    test.each(cases)('%s', async (_, one) => {
      const expected = await compute('cpu', one)
      const actual = await compute('wasm', one)
      for (const [index, values] of expected.entries()) {
        expectClose(itemAt(actual, index), values, index === 0 ? 2e-5 : 5e-5, index === 0 ? 'y' : `gradient ${index}`)
      }
    })
  })

  test('sums of integers are exact and stay integers', async () => {
    await useBackend('wasm')
    const x = tensor([2 ** 30, 1, 2 ** 29, 2, -5, 6], [3, 2], 'int32')
    const total = sum(x, 0)
    expect(total.dtype).toBe('int32')
    expect(Array.from(await total.data())).toEqual([2 ** 30 + 2 ** 29 - 5, 9])
    const average = mean(x, 1)
    expect(Array.from(await average.data())).toEqual([2 ** 29 + 0.5, 2 ** 28 + 1, 0.5].map(Math.fround))
    const flags = tile(tensor([1, 0, 1], [3], 'bool'), [2])
    expect(flags.dtype).toBe('bool')
    expect(Array.from(await flags.data())).toEqual([1, 0, 1, 1, 0, 1])
  })

  test('batch norm far from zero keeps its digits', async () => {
    await useBackend('wasm')
    const x = noise([4096, 1], 1, 300)
    const [one, zero] = [tensor([1]), tensor([0])]
    const options = { weight: one, bias: zero, runningMean: zero, runningVar: one, training: true, eps: 0 }
    const { y } = batchNorm(x, options)
    const values = Array.from(await x.data())
    const average = values.reduce((total, value) => total + value, 0) / values.length
    const deviation = Math.sqrt(values.reduce((total, value) => total + (value - average) ** 2, 0) / values.length)
    const expected = values.map((value) => (value - average) / deviation)
    // The mean itself is a float32: half its last digit, 1.5e-5, over σ = 0.577.
    expectClose(await y.data(), expected, 1.6e-5)
  })

  test.each([
    ['Adam', 0, false],
    ['Adam with L2', 0.1, false],
    ['AdamW', 0.1, true],
  ])('%s equals its composition on a length that four does not divide', async (_, weightDecay, decoupled) => {
    const attributes = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, eps: 0.01, weightDecay, decoupled, step: 3 }
    const update = async (backend: 'cpu' | 'wasm'): Promise<Float32Array[]> => {
      await useBackend(backend)
      const [parameter, gradient, m, v] = [noise([43], 1), noise([43], 2), noise([43], 3), noise([43], 4, 1.1)] as const
      const results = adamUpdate({ parameter, gradient, m, v }, attributes)
      return Promise.all(results.map(async (result) => await floatsOf(result)))
    }
    const expected = await update('cpu')
    for (const [index, values] of (await update('wasm')).entries()) {
      expectClose(values, itemAt(expected, index), 1e-6)
    }
  })
}, ['wasm'])
