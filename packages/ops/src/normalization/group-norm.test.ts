import {
  defined,
  describeBackends,
  describeOp,
  expectShapeError,
  expectTensorClose,
  itemAt,
  lastItem,
} from '@ddnet/testing'
import { ones, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { conditioned } from './conditioning.ts'
import { type GroupNormOptions, groupNorm } from './group-norm.ts'

describeOp('groupNorm', {
  tolerance: ({ x }, { groups }) => {
    const { data, shape } = defined(x)
    const [channels, sample] = [lastItem(shape), data.length / itemAt(shape, 0)]
    const group = (index: number): number => Math.floor(((index % channels) * groups) / channels)
    return conditioned(defined(x), (index) => `${Math.floor(index / sample)} ${group(index)}`)
  },
  inputs: ['x', 'weight?', 'bias?'],
  run: ({ x, weight, bias }, options) => groupNorm(x, { ...options, weight, bias } as GroupNormOptions),
})

describeBackends('groupNorm', () => {
  test('of one channel of one sample normalises its values', async () => {
    await expectTensorClose(groupNorm(tensor([[[1], [3]]]), { groups: 1, eps: 0 }), { shape: [1, 2, 1], data: [-1, 1] })
  })

  test.each(
    [Number.NaN, Number.POSITIVE_INFINITY].flatMap((value) =>
      ([undefined, 'relu'] as const).map((activation) => ({ value, activation })),
    ),
  )('$value makes its group NaN, and no other: activation $activation', async ({ value, activation }) => {
    const data = Array.from({ length: 24 }, (_, at) => (at === 1 ? value : at % 7)) // sample 0, channel 1
    const y = groupNorm(tensor(data, [2, 3, 4]), { groups: 2, ...(activation && { activation }) })
    const missing = [...(await y.data())].flatMap((each, at) => (Number.isNaN(each) ? [at] : []))
    expect(missing).toEqual([0, 1, 4, 5, 8, 9])
  })

  test('of no samples is empty', () => {
    expect(groupNorm(zeros([0, 5, 4]), { groups: 2 }).shape).toEqual([0, 5, 4])
  })
})

describe('groupNorm refuses', () => {
  const run = (x: Tensor, options: GroupNormOptions) => () => groupNorm(x, options)
  test.each<[string, () => () => unknown, RegExp]>([
    ['a vector', () => run(ones([4]), { groups: 2 }), /groupNorm: expected x \[batch, …, channels\], got \[4\]/],
    ['a remainder', () => run(ones([2, 3, 4]), { groups: 3 }), /expected groups to divide the 4 channels, got 3/],
    ['no groups', () => run(ones([2, 3, 4]), { groups: 0 }), /expected groups to divide the 4 channels, got 0/],
    ['half a group', () => run(ones([2, 3, 4]), { groups: 0.5 }), /expected groups to divide the 4 channels, got 0.5/],
    [
      'one value to a group',
      () => run(ones([1, 1, 4]), { groups: 4 }),
      /more than one value to a group, got x \[1,1,4\]/,
    ],
    ['another bias', () => run(ones([2, 3, 4]), { groups: 2, bias: ones([2]) }), /expected bias \[4\] for x \[2,3,4\]/],
    [
      'another activation',
      () => run(ones([2, 4]), { groups: 2, activation: 'gelu' as 'relu' }),
      /groupNorm: expected activation 'relu' or none, got 'gelu'/,
    ],
    ['integers', () => run(zeros([2, 3, 4], 'int32'), { groups: 2 }), /expected x of dtype float32, got int32/],
  ])('%s', (_, make, message) => expectShapeError(make(), message))
})
