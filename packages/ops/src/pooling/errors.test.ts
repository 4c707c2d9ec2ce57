import { ShapeError, tensor, zeros } from '@ddnet/ops'
import { describeBackends, expectShapeError } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { adaptiveAvgPool2d } from './adaptive-avg-pool2d.ts'
import { adaptiveMaxPool2d } from './adaptive-max-pool2d.ts'
import { avgPool2d } from './avg-pool2d.ts'
import { maxPool2d, maxPool2dWithIndices } from './max-pool2d.ts'
import { maxUnpool2d } from './max-unpool2d.ts'
import { avgPool1d, maxPool1d } from './pool1d.ts'

describeBackends('poolings refuse', () => {
  const images = () => zeros([1, 4, 5, 2])

  describe.each([
    ['maxPool2d', maxPool2d],
    ['maxPool2dWithIndices', maxPool2dWithIndices],
    ['avgPool2d', avgPool2d],
  ] as const)('%s', (name, pool) => {
    test('what is not a batch of images', () => {
      const matrix = zeros([4, 5])
      expectShapeError(
        () => pool(matrix, { kernelSize: 2 }),
        `${name}: expected x [batch, height, width, channels], got shape [4,5]`,
      )
      const integers = zeros([1, 4, 5, 2], 'int32')
      expectShapeError(() => pool(integers, { kernelSize: 2 }), `${name}: expected x of dtype float32, got int32`)
      const empty = zeros([1, 0, 5, 2])
      expectShapeError(
        () => pool(empty, { kernelSize: 1 }),
        `${name}: expected x with at least one row, column and channel, got [1,0,5,2]`,
      )
    })

    test('options that do not fit', () => {
      const x = images()
      expectShapeError(() => pool(x, { kernelSize: 0 }), `${name}: expected kernelSize to be an integer of at least 1`)
      expectShapeError(
        () => pool(x, { kernelSize: 2, stride: [1, 0] }),
        `${name}: expected stride to be an integer of at least 1`,
      )
      expectShapeError(
        () => pool(x, { kernelSize: 2, padding: -1 }),
        `${name}: expected padding to be an integer of at least 0`,
      )
      expectShapeError(
        () => pool(x, { kernelSize: 3, padding: 2 }),
        `${name}: expected padding of at most half the kernel size [3,3], got [2,2]`,
      )
      expectShapeError(
        () => pool(x, { kernelSize: 5 }),
        `${name}: the kernel [5,5] (dilation [1,1]) is larger than the padded input [4,5]`,
      )
    })
  })

  test('max pooling windows that lie in the padding alone', () => {
    const x = zeros([1, 2, 2, 1])
    const options = { kernelSize: 2, stride: 1, padding: 1, dilation: 3 }
    expectShapeError(() => maxPool2d(x, options), /every window to reach the input \[2,2\].*Pad or dilate less/)
  })

  test('a divisor that is no integer, or 0', () => {
    const x = images()
    expectShapeError(
      () => avgPool2d(x, { kernelSize: 2, divisorOverride: 0 }),
      /avgPool2d: expected divisorOverride .* got 0/,
    )
    expectShapeError(() => avgPool2d(x, { kernelSize: 2, divisorOverride: 1.5 }), /avgPool2d: expected divisorOverride/)
  })

  test.each([
    ['adaptiveAvgPool2d', adaptiveAvgPool2d],
    ['adaptiveMaxPool2d', adaptiveMaxPool2d],
  ] as const)('%s to no size', (name, pool) => {
    const x = images()
    expectShapeError(
      () => pool(x, 0),
      `${name}: expected outputSize to be an integer of at least 1, null, or a pair of them, got 0`,
    )
    expectShapeError(() => pool(x, [2, 1.5]), `${name}: expected outputSize`)
    const vector = zeros([4])
    expectShapeError(() => pool(vector, 1), `${name}: expected x [batch, height, width, channels]`)
  })

  test.each([
    ['maxPool1d', maxPool1d],
    ['avgPool1d', avgPool1d],
  ] as const)('%s of images, or with pairs', (name, pool) => {
    const x = images()
    expectShapeError(
      () => pool(x, { kernelSize: 2 }),
      `${name}: expected x [batch, length, channels], got shape [1,4,5,2]`,
    )
    const line = zeros([1, 5, 2])
    expectShapeError(
      // @ts-expect-error a line has one size
      () => pool(line, { kernelSize: [2, 2] }),
      `${name}: expected kernelSize to be one number, got [2,2]`,
    )
    expectShapeError(() => pool(line, { kernelSize: 7 }), `${name}: the kernel [1,7] (dilation [1,1]) is larger`)
  })

  test('unpooling without indices that fit', () => {
    const values = images()
    const outputSize = [8, 10] as const
    const floats = images()
    expectShapeError(() => maxUnpool2d(values, floats, { outputSize }), /expected indices of dtype int32.*got float32/)
    const few = zeros([1, 4, 5, 1], 'int32')
    expectShapeError(() => maxUnpool2d(values, few, { outputSize }), /shape of values, \[1,4,5,2\], got \[1,4,5,1\]/)
    const indices = zeros([1, 4, 5, 2], 'int32')
    expectShapeError(
      () => maxUnpool2d(values, indices, { outputSize: 0 }),
      /expected outputSize to be an integer of at least 1/,
    )
  })
})

describeBackends('maxUnpool2d', () => {
  test.each([-1, 6])('refuses the index %i in a plane of 6', (index) => {
    const values = tensor([1, 2], [1, 1, 2, 1])
    const indices = tensor([0, index], [1, 1, 2, 1], 'int32')
    const unpool = () => maxUnpool2d(values, indices, { outputSize: [2, 3] })
    expect(unpool).toThrow()
    expect(unpool).not.toThrow(ShapeError)
  })
}, ['cpu', 'wasm', 'tensorflow'])
