import { defined, describeBackends, describeOp, expectShapeError, expectTensorClose, itemAt } from '@ddnet/testing'
import { ones, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { conditioned } from './conditioning.ts'
import { type LayerNormOptions, layerNorm } from './layer-norm.ts'

describeOp('layerNorm', {
  tolerance: ({ x }, { normalizedShape }) => {
    const row = [normalizedShape].flat().reduce((product: number, size: number) => product * size, 1)
    return conditioned(defined(x), (index) => Math.floor(index / row))
  },
  inputs: ['x', 'weight?', 'bias?'],
  run: ({ x, weight, bias }, options) => layerNorm(x, { ...options, weight, bias }),
})

describeBackends('layerNorm', () => {
  test('of one value is the bias', async () => {
    await expectTensorClose(layerNorm(tensor([[5]]), { normalizedShape: 1, bias: tensor([3]) }), {
      shape: [1, 1],
      data: [3],
    })
  })

  test('of a row of 65,537 values keeps their digits', async () => {
    const values = Float32Array.from({ length: 65_537 }, (_, index) => 5 + Math.sin(index))
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    const y = await layerNorm(tensor(values, [1, values.length]), { normalizedShape: values.length }).data()
    const errors = Array.from(y, (each, index) =>
      Math.abs(each - (itemAt(values, index) - mean) / Math.sqrt(variance + 1e-5)),
    )
    expect(errors.reduce((worst, error) => Math.max(worst, error), 0)).toBeLessThan(2e-6) // by PyTorch 5e-7
  })

  test('of no rows is empty', () => {
    expect(layerNorm(zeros([0, 3]), { normalizedShape: 3 }).shape).toEqual([0, 3])
  })
})

describe('layerNorm refuses', () => {
  const run = (x: Tensor, options: LayerNormOptions) => () => layerNorm(x, options)
  test.each<[string, () => () => unknown, RegExp]>([
    [
      'another last axis',
      () => run(ones([2, 4]), { normalizedShape: 3 }),
      /layerNorm: expected x to end with the axes of normalizedShape \[3\], got \[2,4\]/,
    ],
    ['more axes than x has', () => run(ones([4]), { normalizedShape: [1, 4] }), /normalizedShape \[1,4\], got \[4\]/],
    ['no axes', () => run(ones([4]), { normalizedShape: [] }), /normalizedShape \[\], got \[4\]/],
    [
      'a weight of another shape',
      () => run(ones([2, 3, 4]), { normalizedShape: [3, 4], weight: ones([4]) }),
      /expected weight \[3,4\] for x \[2,3,4\], got \[4\]/,
    ],
    ['integers', () => run(zeros([2, 3], 'int32'), { normalizedShape: 3 }), /expected x of dtype float32, got int32/],
    ['an eps that is no number', () => run(ones([2, 3]), { normalizedShape: 3, eps: Number.NaN }), /expected eps/],
  ])('%s', (_, make, message) => expectShapeError(make(), message))
})
