import { random, tensor } from '@ddnet/ops'
import { describeOp, expectClose, expectShapeError, optionPairs, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { convTranspose2d } from './conv-transpose2d.ts'

describeOp('convTranspose2d', {
  inputs: ['x', 'filter', 'bias?'],
  run: ({ x, filter, bias }, options) => convTranspose2d(x, filter, { ...options, ...(bias && { bias: bias }) }),
  differences: 'plain',
})

test('every legal pair of option values of convTranspose2d occurs in a case', () => {
  const { covered, missing, impossible } = optionPairs('convTranspose2d')
  expect(missing).toEqual([])
  expect(
    impossible.filter((pair) => !/^(stride|dilation|outputPadding) .*(outputPadding|dilation) /.test(pair)),
  ).toEqual([])
  expect(covered).toBeGreaterThan(600)
})

describe('convTranspose2d says what is wrong', () => {
  beforeAll(() => useBackend('cpu'))

  test('and before any kernel runs', () => {
    const image = random.uniform(random.key(1), [1, 4, 4, 2])
    const filter = random.uniform(random.key(2), [3, 3, 2, 2])
    const [bias, vector] = [tensor([1, 2, 3]), tensor([1])]
    const other = random.uniform(random.key(3), [3, 3, 2, 4])
    expectShapeError(
      () => convTranspose2d(image, filter, { stride: 2, outputPadding: 2 }),
      /outputPadding smaller than stride or dilation, got \[2,2\] with stride \[2,2\]/,
    )
    expectShapeError(
      () => convTranspose2d(vector, filter),
      /convTranspose2d: expected x \[batch, height, width, channels\], got shape \[1\]/,
    )
    expectShapeError(
      () => convTranspose2d(image, other),
      /expected a filter for 2 input channels, \[3, 3, …, 2\], got \[3,3,2,4\]/,
    )
    expectShapeError(
      () => convTranspose2d(image, filter, { padding: 9 }),
      /output would be \[-12,-12\]. Use less padding/,
    )
    expectShapeError(() => convTranspose2d(image, filter, { groups: 3 }), /expected groups to divide.*got 3/)
    expectShapeError(() => convTranspose2d(image, filter, { bias }), /expected bias \[2\], got \[3\]/)
    expectShapeError(
      () => convTranspose2d(image, filter, { activation: 'tanh' as 'relu' }),
      /convTranspose2d: expected activation 'relu' or none, got 'tanh'/,
    )
    expectShapeError(
      // @ts-expect-error only a convolution can keep the size
      () => convTranspose2d(image, filter, { padding: 'same' }),
      /expected padding as a number, got 'same'/,
    )
  })
})

test('without options: stride 1, no padding, no dilation, one group', async () => {
  await useBackend('cpu')
  const image = random.uniform(random.key(1), [1, 4, 3, 2])
  const filter = random.uniform(random.key(2), [3, 2, 4, 2])
  const y = convTranspose2d(image, filter)
  const spelled = { stride: 1, padding: 0, outputPadding: 0, dilation: 1, groups: 1 }
  expect(y.shape).toEqual([1, 6, 4, 4])
  expectClose(await y.data(), await convTranspose2d(image, filter, spelled).data(), 0)
})
