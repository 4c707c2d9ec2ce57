import { tensor } from '@ddnet/ops'
import { describeOp, expectShapeError, optionPairs, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { conv2d } from './conv2d.ts'

describeOp('conv2d', {
  inputs: ['x', 'filter', 'bias?'],
  run: ({ x, filter, bias }, options) => conv2d(x, filter, { ...options, ...(bias && { bias: bias }) }),
  differences: 'plain',
})

test('every legal pair of option values of conv2d occurs in a case', () => {
  const { covered, missing, impossible } = optionPairs('conv2d')
  expect(missing).toEqual([])
  expect(impossible).toEqual([
    'stride 2, padding "same"',
    'stride 3, padding "same"',
    'stride [2,1], padding "same"',
    'stride [1,3], padding "same"',
  ])
  expect(covered).toBeGreaterThan(600)
})

describe('conv2d says what is wrong', () => {
  beforeAll(() => useBackend('cpu'))
  const image = (...shape: [number, number, number, number]) =>
    tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape)

  test.each<[string, () => unknown, RegExp]>([
    [
      'rank',
      () => conv2d(tensor(new Float32Array(48), [4, 4, 3]), image(3, 3, 3, 2)),
      /conv2d: expected x \[batch.*got shape \[4,4,3\]/,
    ],
    [
      'rank of the filter',
      () => conv2d(image(1, 4, 4, 3), tensor(new Float32Array(12), [4, 3])),
      /conv2d: expected filter \[kernelHeight, kernelWidth, inChannels \/ groups, outChannels\], got shape \[4,3\]/,
    ],
    [
      'dtype',
      () => conv2d(tensor(new Int32Array(16), [1, 4, 4, 1], 'int32'), image(3, 3, 1, 2)),
      /conv2d: expected x of dtype float32, got int32/,
    ],
    [
      'channels',
      () => conv2d(image(1, 4, 4, 3), image(3, 3, 2, 2)),
      /expected a filter for 3 input channels.*got \[3,3,2,2\]/,
    ],
    ['groups', () => conv2d(image(1, 4, 4, 3), image(3, 3, 1, 2), { groups: 2 }), /expected groups to divide.*got 2/],
    [
      'no groups',
      () => conv2d(image(1, 4, 4, 3), image(3, 3, 3, 2), { groups: 0 }),
      /expected groups to divide.*got 0/,
    ],
    ['stride', () => conv2d(image(1, 4, 4, 3), image(3, 3, 3, 2), { stride: 0 }), /expected stride.*at least 1.*got 0/],
    [
      'dilation',
      () => conv2d(image(1, 4, 4, 3), image(3, 3, 3, 2), { dilation: [1, 0.5] }),
      /expected dilation to be an integer of at least 1 or a pair of them, got \[1,0.5\]/,
    ],
    [
      'padding',
      () => conv2d(image(1, 4, 4, 3), image(3, 3, 3, 2), { padding: -1 }),
      /expected padding.*at least 0.*got -1/,
    ],
    [
      'activation',
      () => conv2d(image(1, 4, 4, 3), image(3, 3, 3, 2), { activation: 'tanh' as 'relu' }),
      /conv2d: expected activation 'relu' or none, got 'tanh'/,
    ],
    [
      'named padding',
      () => conv2d(image(1, 4, 4, 3), image(3, 3, 3, 2), { padding: 'full' as 'same' }),
      /expected padding as a number, 'same' or 'valid', got 'full'/,
    ],
    [
      'kernel',
      () => conv2d(image(1, 2, 2, 3), image(3, 3, 3, 2)),
      /kernel \[3,3\] .* is larger than the padded input \[2, 2\]/,
    ],
    [
      'dilated kernel',
      () => conv2d(image(1, 5, 4, 3), image(3, 3, 3, 2), { dilation: 2, padding: [0, 0] }),
      /kernel \[3,3\] \(dilation \[2,2\]\) is larger than the padded input \[5, 4\]/,
    ],
    [
      'bias',
      () => conv2d(image(1, 4, 4, 3), image(3, 3, 3, 2), { bias: tensor([1, 2, 3]) }),
      /expected bias \[2\], got \[3\]/,
    ],
    [
      'same',
      () => conv2d(image(1, 4, 4, 3), image(3, 3, 3, 2), { padding: 'same', stride: 2 }),
      /'same' needs stride 1/,
    ],
  ])('%s', (_, call, message) => expect(call).toThrow(message))

  test('and before any kernel runs', () => {
    const [x, filter] = [image(1, 2, 2, 3), image(3, 3, 3, 2)]
    expectShapeError(() => conv2d(x, filter), /larger than the padded input/)
  })
})
