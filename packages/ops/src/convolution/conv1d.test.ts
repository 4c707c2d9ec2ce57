import { tensor } from '@ddnet/ops'
import { describeOp, expectShapeError, optionPairs, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { convTranspose1d } from './conv-transpose1d.ts'
import { conv1d } from './conv1d.ts'

describeOp('conv1d', {
  inputs: ['x', 'filter', 'bias?'],
  run: ({ x, filter, bias }, options) => conv1d(x, filter, { ...options, ...(bias && { bias: bias }) }),
  differences: 'plain',
})

describeOp('convTranspose1d', {
  inputs: ['x', 'filter', 'bias?'],
  run: ({ x, filter, bias }, options) => convTranspose1d(x, filter, { ...options, ...(bias && { bias: bias }) }),
  differences: 'plain',
})

test('every legal pair of option values of conv1d and convTranspose1d occurs in a case', () => {
  const { missing, impossible } = optionPairs('conv1d')
  expect(missing).toEqual([])
  expect(impossible).toEqual(['stride 2, padding "same"', 'stride 3, padding "same"'])
  expect(optionPairs('convTranspose1d')).toMatchObject({ missing: [], impossible: [] })
})

describe('the 1-d convolutions say what is wrong', () => {
  beforeAll(() => useBackend('cpu'))
  const signal = (...shape: [number, number, number]) =>
    tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape)

  test('and before any kernel runs', () => {
    const [x, filter, bias] = [signal(1, 4, 2), signal(3, 2, 4), tensor([1, 2])]
    const [vector, wide, long] = [tensor([1]), signal(1, 4, 3), signal(5, 2, 4)]
    const [three, upward, single] = [signal(3, 4, 3), signal(3, 4, 2), signal(1, 4, 2)]
    expectShapeError(() => conv1d(vector, filter), /conv1d: expected x \[batch, length, channels\], got shape \[1\]/)
    expectShapeError(
      () => conv1d(x, vector),
      /expected filter \[kernelLength, inChannels \/ groups, outChannels\], got shape \[1\]/,
    )
    expectShapeError(() => conv1d(wide, filter), /expected a filter for 3 input channels.*got \[3,2,4\]/)
    // @ts-expect-error a line has one stride
    expectShapeError(() => conv1d(x, filter, { stride: [1, 1] }), /stride to be an integer of at least 1, got/)
    expectShapeError(() => conv1d(x, long), /kernel \[5\] \(dilation \[1\]\) is larger than .* \[4\]/)
    expectShapeError(() => conv1d(x, filter, { bias }), /conv1d: expected bias \[4\], got \[2\]/)
    expectShapeError(() => conv1d(x, filter, { padding: 'same', stride: 2 }), /'same' needs stride 1/)
    expectShapeError(
      () => convTranspose1d(x, three),
      /convTranspose1d: expected a filter for 2 input channels, \[3, …, 2\], got \[3,4,3\]/,
    )
    expectShapeError(() => convTranspose1d(x, upward, { outputPadding: 1 }), /outputPadding smaller/)
    expectShapeError(() => convTranspose1d(x, single, { padding: 2 }), /output would be \[0\]/)
  })
})
