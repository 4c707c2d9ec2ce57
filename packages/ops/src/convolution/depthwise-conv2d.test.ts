import { tensor } from '@ddnet/ops'
import { describeOp, expectShapeError, optionPairs, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { depthwiseConv2d, separableConv2d } from './depthwise-conv2d.ts'

describeOp('depthwiseConv2d', {
  inputs: ['x', 'filter', 'bias?'],
  run: ({ x, filter, bias }, options) => depthwiseConv2d(x, filter, { ...options, ...(bias && { bias: bias }) }),
  differences: 'plain',
})

describeOp('separableConv2d', {
  inputs: ['x', 'depthwise', 'pointwise', 'bias?'],
  run: ({ x, depthwise, pointwise, bias }, options) =>
    separableConv2d(x, depthwise, pointwise, {
      ...options,
      ...(bias && { bias: bias }),
    }),
})

test('every legal pair of option values of depthwiseConv2d occurs in a case', () => {
  const { missing, impossible } = optionPairs('depthwiseConv2d')
  expect(missing).toEqual([])
  expect(impossible.every((pair) => /^stride .*, padding "same"$/.test(pair))).toBe(true)
})

describe('depthwise and separable convolutions say what is wrong', () => {
  beforeAll(() => useBackend('cpu'))
  const image = (...shape: [number, number, number, number]) =>
    tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape)

  test('and before any kernel runs', () => {
    const [x, filter, pointwise] = [image(1, 4, 4, 3), image(3, 3, 3, 2), image(1, 1, 6, 5)]
    const [bias, vector] = [tensor([1, 2]), tensor([1])]
    const [two, low, few, spatial] = [image(1, 4, 4, 2), image(1, 2, 4, 3), image(1, 1, 3, 5), image(3, 3, 6, 5)]
    expectShapeError(
      () => depthwiseConv2d(two, filter),
      /depthwiseConv2d: expected filter \[3, 3, 2, multiplier\] for 2 channels, got \[3,3,3,2\]/,
    )
    expectShapeError(() => depthwiseConv2d(vector, filter), /depthwiseConv2d: expected x .* shape \[1\]/)
    expectShapeError(() => depthwiseConv2d(low, filter), /larger than the padded input \[2, 4\]/)
    expectShapeError(() => depthwiseConv2d(x, filter, { bias }), /expected bias \[6\], got \[2\]/)
    expectShapeError(
      () => separableConv2d(x, filter, few),
      /separableConv2d: expected pointwise \[1, 1, 6, outChannels\] after depthwise \[3,3,3,2\], got \[1,1,3,5\]/,
    )
    expectShapeError(() => separableConv2d(x, filter, spatial), /separableConv2d: expected pointwise \[1, 1, 6/)
    expectShapeError(() => separableConv2d(x, filter, pointwise, { bias }), /separableConv2d: expected bias \[5\]/)
    expectShapeError(
      () => separableConv2d(two, filter, pointwise),
      /separableConv2d: expected depthwise \[3, 3, 2, multiplier\] for 2 channels/,
    )
  })
})
