import { defined, describeBackends, describeOp, expectShapeError, itemAt, lastItem } from '@ddnet/testing'
import { ones, type Tensor, zeros } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import type { AffineOptions } from './affine.ts'
import { conditioned } from './conditioning.ts'
import { instanceNorm } from './instance-norm.ts'

describeOp('instanceNorm', {
  tolerance: ({ x }) => {
    const { data, shape } = defined(x)
    const [channels, sample] = [lastItem(shape), data.length / itemAt(shape, 0)]
    return conditioned(defined(x), (index) => `${Math.floor(index / sample)} ${index % channels}`)
  },
  inputs: ['x', 'weight?', 'bias?'],
  run: ({ x, weight, bias }, options) => instanceNorm(x, { ...options, weight, bias } as AffineOptions),
})

describeBackends('instanceNorm', () => {
  test('of no samples is empty', () => {
    expect(instanceNorm(zeros([0, 5, 4])).shape).toEqual([0, 5, 4])
  })
})

describe('instanceNorm refuses', () => {
  const run =
    (x: Tensor, options: AffineOptions = {}) =>
    () =>
      instanceNorm(x, options)
  test.each<[string, () => () => unknown, RegExp]>([
    ['a matrix', () => run(ones([2, 4])), /instanceNorm: expected x \[batch, …, channels\], got \[2,4\]/],
    ['one position', () => run(ones([2, 1, 1, 4])), /more than one position to a channel, got x \[2,1,1,4\]/],
    ['another weight', () => run(ones([2, 3, 4]), { weight: ones([3]) }), /expected weight \[4\] for x \[2,3,4\]/],
    ['booleans', () => run(zeros([2, 3, 4], 'bool')), /expected x of dtype float32, got bool/],
  ])('%s', (_, make, message) => expectShapeError(make(), message))
})
