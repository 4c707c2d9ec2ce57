import {
  adamUpdate,
  batchNorm,
  maxPool2d,
  memory,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  tensor,
  tidy,
  toHost,
  valueAndGrads,
} from '@ddnet/ops'
import { describeBackends, expectClose, useBackend } from '@ddnet/testing'
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
  const channels = shape.at(-1) as number
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

describeBackends('compiled kernels', () => {
  describe('equal the compositions on plain JavaScript', () => {
    test.each(cases)('%s', async (_, one) => {
      const expected = await compute('cpu', one)
      const actual = await compute('wasm', one)
      for (const [index, values] of expected.entries()) {
        expectClose(
          actual[index] as Float32Array,
          values,
          index === 0 ? 2e-5 : 5e-5,
          index === 0 ? 'y' : `gradient ${index}`,
        )
      }
    })
  })

  test.each([
    ['Adam', 0, false],
    ['Adam with L2', 0.1, false],
    ['AdamW', 0.1, true],
  ])('%s equals its composition on a length that four does not divide', async (_, weightDecay, decoupled) => {
    const attributes = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay, decoupled, step: 3 }
    const update = async (backend: 'cpu' | 'wasm'): Promise<Float32Array[]> => {
      await useBackend(backend)
      const [parameter, gradient, m, v] = [noise([43], 1), noise([43], 2), noise([43], 3), noise([43], 4, 1.1)] as const
      const results = adamUpdate({ parameter, gradient, m, v }, attributes)
      return Promise.all(results.map(async (result) => (await toHost(result)).data as Float32Array))
    }
    const expected = await update('cpu')
    for (const [index, values] of (await update('wasm')).entries()) {
      expectClose(values, expected[index] as Float32Array, 1e-6)
    }
  })
}, ['wasm'])
