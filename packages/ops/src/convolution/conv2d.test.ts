import { tensor } from '@ddnet/ops'
import { describeOp, useBackend } from '@ddnet/testing'
import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { conv2d } from './conv2d.ts'

describeOp('conv2d', {
  inputs: ['x', 'filter', 'bias'],
  run: ({ x, filter, bias }, options) =>
    conv2d(x as Tensor4D, filter as Tensor4D, { ...options, ...(bias && { bias: bias as Tensor1D }) }),
})

describe('conv2d says what is wrong', () => {
  beforeAll(() => useBackend('cpu'))
  const image = (...shape: [number, number, number, number]) =>
    tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape) as Tensor4D

  test.each([
    [
      'rank',
      () => conv2d(tensor(new Float32Array(48), [4, 4, 3]) as never, image(3, 3, 3, 2)),
      /conv2d: expected x \[batch.*got shape \[4,4,3\]/,
    ],
    [
      'channels',
      () => conv2d(image(1, 4, 4, 3), image(3, 3, 2, 2)),
      /expected a filter for 3 input channels.*got \[3,3,2,2\]/,
    ],
    ['groups', () => conv2d(image(1, 4, 4, 3), image(3, 3, 1, 2), { groups: 2 }), /expected groups to divide.*got 2/],
    ['stride', () => conv2d(image(1, 4, 4, 3), image(3, 3, 3, 2), { stride: 0 }), /expected stride.*at least 1.*got 0/],
    [
      'kernel',
      () => conv2d(image(1, 2, 2, 3), image(3, 3, 3, 2)),
      /kernel \[3,3\] .* is larger than the padded input \[2, 2\]/,
    ],
    [
      'bias',
      () => conv2d(image(1, 4, 4, 3), image(3, 3, 3, 2), { bias: tensor([1, 2, 3]) as Tensor1D }),
      /expected bias \[2\], got \[3\]/,
    ],
    [
      'same',
      () => conv2d(image(1, 4, 4, 3), image(3, 3, 3, 2), { padding: 'same', stride: 2 }),
      /'same' needs stride 1/,
    ],
  ])('%s', (_, call, message) => expect(call).toThrow(message))
})
