import {
  groupNorm,
  instanceNorm,
  layerNorm,
  random,
  type Tensor,
  type Tensor3D,
  toHost,
  valueAndGrads,
} from '@ddnet/ops'
import { withCompositions } from '@ddnet/ops/kernels'
import { describeBackends, expectClose, floats, itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { groupNormOp } from './group-norm-op.ts'

type Norm = (x: Tensor, affine: { weight: Tensor; bias: Tensor; activation?: 'relu' }) => Tensor

const draw = (seed: number, shape: number[], mean = 0): Tensor => random.normal(random.key(seed), shape, mean)

/** The value and all gradients of one norm. */
async function compute(norm: Norm, shape: number[], vector: number[], relu: boolean): Promise<Float32Array[]> {
  const inputs = [draw(1, shape, 0.5), draw(2, vector, 1), draw(3, vector)] as [Tensor, Tensor, Tensor]
  const dy = draw(4, shape)
  const [x, weight, bias] = inputs
  const run = () => norm(x, { weight, bias, ...(relu && { activation: 'relu' }) })
  const { value, grads } = valueAndGrads(run, inputs, dy)
  const results = await Promise.all([value, ...grads].map(toHost))
  for (const used of [...inputs, dy, value, ...grads]) used.dispose()
  return results.map(floats)
}

const ofGroups =
  (groups: number): Norm =>
  (x, affine) =>
    groupNorm(x, { ...affine, groups })
const cases: [string, Norm, number[], number[]][] = [
  ['group norm of many chunks of rows', ofGroups(4), [3, 33, 31, 20], [20]],
  ['group norm of groups of three channels', ofGroups(5), [2, 9, 7, 15], [15]],
  ['group norm of one group', ofGroups(1), [2, 17, 5, 6], [6]],
  ['instance norm', instanceNorm, [3, 40, 29, 7], [7]],
  ['instance norm of one sample', instanceNorm, [1, 23, 11, 32], [32]],
  ['layer norm of many rows', (x, affine) => layerNorm(x, { ...affine, normalizedShape: 19 }), [7, 50, 19], [19]],
  ['layer norm of long rows', (x, affine) => layerNorm(x, { ...affine, normalizedShape: 1030 }), [66, 1030], [1030]],
  [
    'layer norm of images',
    (x, affine) => layerNorm(x, { ...affine, normalizedShape: [9, 8, 5] }),
    [4, 9, 8, 5],
    [9, 8, 5],
  ],
]

describeBackends('the kernel of layer, group and instance norm', () => {
  test.each(cases)('equals its composition: %s', async (_, norm, shape, vector) => {
    for (const relu of [false, true]) {
      const actual = await compute(norm, shape, vector, relu)
      const names = ['groupNorm', 'groupNormGradient']
      const expected = await withCompositions(names, 'wasm', () => compute(norm, shape, vector, relu))
      for (const [index, values] of expected.entries()) {
        expectClose(itemAt(actual, index), values, index === 0 ? 2e-6 : 1e-5, ['y', 'dx', 'dw', 'db'][index])
      }
    }
  })

  test('gives statistics of the shapes that its composition has', () => {
    const inputs = {
      x: draw(1, [2, 3, 8]) as Tensor3D,
      weight: draw(2, [8]),
      bias: draw(3, [8]),
    }
    const outputs = groupNormOp(inputs, { groups: 4, eps: 1e-5 })
    expect(outputs.map(({ shape }) => shape)).toEqual([
      [2, 3, 8],
      [2, 1, 4, 1],
      [2, 1, 4, 1],
    ])
  })

  test('keeps the digits of values far from zero', async () => {
    const x = draw(1, [2, 4096, 1], 300)
    const values = Array.from(await x.data())
    const y = await instanceNorm(x, { eps: 0 }).data()
    for (const sample of [0, 1]) {
      const own = values.slice(sample * 4096, (sample + 1) * 4096)
      const mean = own.reduce((total, value) => total + value, 0) / own.length
      const deviation = Math.sqrt(own.reduce((total, value) => total + (value - mean) ** 2, 0) / own.length)
      const expected = own.map((value) => (value - mean) / deviation)
      // The mean itself is a float32: half its last digit is 1.5e-5, and σ is 1.
      expectClose(y.slice(sample * 4096, (sample + 1) * 4096), expected, 1.6e-5)
    }
  })

  test('leaves the weights alone and nothing in memory', async () => {
    const weight = draw(2, [8])
    const before = Array.from(await weight.data())
    groupNorm(draw(1, [2, 5, 8]), { groups: 2, weight }).dispose()
    expect(Array.from(await weight.data())).toEqual(before)
  })
}, ['wasm'])
