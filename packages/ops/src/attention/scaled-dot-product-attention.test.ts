import {
  type AttentionOptions,
  cast,
  ones,
  scaledDotProductAttention,
  type Tensor,
  tidy,
  where,
  zeros,
} from '@ddnet/ops'
import { describeBackends, describeOp, expectShapeError } from '@ddnet/testing'
import { fill } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'

/** The fixtures hold masks as numbers: `boolMask` 0 or 1, `kept` 0 where the mask is −∞. */
const maskOf = ({ mask, boolMask, kept }: { mask?: Tensor; boolMask?: Tensor; kept?: Tensor }): Tensor | undefined => {
  if (boolMask !== undefined) return cast(boolMask, 'bool')
  return kept === undefined ? mask : where(cast(kept, 'bool'), 0, Number.NEGATIVE_INFINITY)
}

describeOp('scaledDotProductAttention', {
  inputs: ['q', 'k', 'v', 'mask?'],
  constants: ['boolMask?', 'kept?'],
  run: ({ q, k, v, ...masks }, options) =>
    tidy(() => {
      const mask = maskOf(masks)
      return scaledDotProductAttention(q, k, v, { ...options, ...(mask && { mask }) })
    }),
})

describeBackends('scaledDotProductAttention', () => {
  test('of no queries is empty, and of no keys zeros', async () => {
    expect(scaledDotProductAttention(ones([2, 0, 3]), ones([2, 5, 3]), ones([2, 5, 4])).shape).toEqual([2, 0, 4])
    const y = scaledDotProductAttention(ones([2, 3]), zeros([0, 3]), zeros([0, 1]))
    expect([y.shape, Array.from(await y.data())]).toEqual([
      [2, 1],
      [0, 0],
    ])
  })

  test('of keys that are all masked is zeros, however low the scores', async () => {
    const [q, k, v] = [fill([1, 1], -3e38), ones([3, 1]), ones([3, 2])]
    const mask = cast(zeros([1, 3]), 'bool')
    expect(Array.from(await scaledDotProductAttention(q, k, v, { mask }).data())).toEqual([0, 0])
  })
})

describe('scaledDotProductAttention refuses', () => {
  const run = (q: Tensor, k: Tensor, v: Tensor, options?: AttentionOptions) => () =>
    scaledDotProductAttention(q, k, v, options)
  const [q, k, v] = [() => ones([2, 3, 4]), () => ones([2, 5, 4]), () => ones([2, 5, 2])]
  test.each<[string, () => () => unknown, RegExp]>([
    ['a vector', () => run(ones([4]), k(), v()), /expected q of two axes or more, got q \[4\]/],
    ['integers', () => run(q(), zeros([2, 5, 4], 'int32'), v()), /expected k of dtype float32, got int32/],
    ['other features', () => run(ones([2, 3, 3]), k(), v()), /k \[…, keys, features\].*got q \[2,3,3\], k \[2,5,4\]/],
    ['other keys', () => run(q(), k(), ones([2, 4, 2])), /got q \[2,3,4\], k \[2,5,4\] and v \[2,4,2\]/],
    [
      'other batches',
      () => run(ones([3, 3, 4]), k(), v()),
      /scaledDotProductAttention: expected shapes that broadcast, got \[3\] and \[2\] and \[2\]/,
    ],
    ['another mask', () => run(q(), k(), v(), { mask: ones([3, 4]) }), /broadcasts to \[2,3,5\], got float32 \[3,4\]/],
    ['a larger mask', () => run(q(), k(), v(), { mask: ones([2, 2, 3, 5]) }), /to \[2,3,5\], got float32 \[2,2,3,5\]/],
    [
      'an integer mask',
      () => run(q(), k(), v(), { mask: zeros([3, 5], 'int32') }),
      /bool or float32 mask .* got int32/,
    ],
    [
      'a mask beside causal',
      () => run(q(), k(), v(), { mask: ones([3, 5]), causal: true }),
      /a mask or causal, got both/,
    ],
    ['an infinite scale', () => run(q(), k(), v(), { scale: 1 / 0 }), /expected a finite scale, got Infinity/],
  ])('%s', (_, make, message) => expectShapeError(make(), message))
})
