import { square, tensor, tidy, valueAndGrads, zeros } from '@ddnet/ops'
import { describeBackends, describeOp, expectShapeError, optionPairs, useBackend } from '@ddnet/testing'
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { observeKernels } from '../kernels/observe-kernels.ts'
import { type InterpolateOptions, interpolate } from './interpolate.ts'

const images = (...shape: [number, number, number, number]): Tensor4D => zeros(shape)

describeOp('interpolate', {
  inputs: ['x'],
  run: ({ x }, options) => tidy(() => interpolate(square(x), options)),
  differences: 'mode bicubic scaleFactor [1.7, 0.7] antialias True of [2, 4, 3, 1]',
})

test('every legal pair of option values of interpolate occurs in a case', () => {
  expect(optionPairs('interpolate').missing).toEqual([])
})

describeBackends('interpolate', () => {
  test('takes no images, and their gradient', () => {
    const x = images(0, 4, 3, 2)
    const { value, grads } = valueAndGrads(
      () => interpolate(x, { size: [5, 6], mode: 'bilinear' }),
      [x],
      zeros([0, 5, 6, 2]),
    )
    expect(value.shape).toEqual([0, 5, 6, 2])
    expect(grads[0]?.shape).toEqual([0, 4, 3, 2])
  })

  test('of the same size is a tensor of its own', async () => {
    const x = tensor([1, 2, 3, 4], [1, 2, 2, 1])
    const y = interpolate(x, { size: 2, mode: 'bilinear' })
    expect(y).not.toBe(x)
    x.dispose()
    expect(Array.from(await y.data())).toEqual([1, 2, 3, 4])
  })

  test.each<[string, [number, number], number[]]>([
    ['the height, which shrinks more', [1, 3], [1, 2]],
    ['the width, which grows less', [8, 7], [2, 1]],
    ['the width, which shrinks while the height grows', [5, 3], [2, 1]],
  ])('resamples first %s', (_, size, order) => {
    const x = images(1, 4, 6, 2)
    const axes: unknown[] = []
    const stop = observeKernels(({ kernelName, attributes }) => {
      if (kernelName === 'resampleAxis') axes.push(attributes['axis'])
      return undefined
    })
    tidy(() => interpolate(x, { size, mode: 'bilinear' }))
    stop()
    expect(axes).toEqual(order)
  })

  test.each(['area', 'bilinear'] as const)('%s leaves an infinity in the outputs that see it', async (mode) => {
    const x = tensor([Number.POSITIVE_INFINITY, 1, 2, 3, 4, 5, 6], [1, 1, 7, 1])
    const y = Array.from(await interpolate(x, { size: [1, 3], mode, antialias: mode === 'bilinear' }).data())
    expect(y[0]).toBe(Number.POSITIVE_INFINITY)
    expect(y[1]).toBeCloseTo(3)
    expect(y[2]).toBeGreaterThan(4)
    expect(y[2]).toBeLessThan(6)
  })
})

describe('interpolate refuses', () => {
  beforeAll(() => useBackend('cpu'))
  const x = (): Tensor4D => images(1, 4, 5, 2)
  const refused: [string, InterpolateOptions, RegExp][] = [
    ['neither size nor factor', {}, /expected either size or scaleFactor, got neither/],
    ['both', { size: 3, scaleFactor: 2 }, /got both/],
    ['a size of 0', { size: [0, 3] }, /expected size to be an integer of at least 1 .* got \[0,3\]/],
    ['half a pixel', { size: 2.5 }, /expected size .* got 2.5/],
    ['a factor of 0', { scaleFactor: 0 }, /expected scaleFactor to be a positive number .* got 0/],
    ['an infinite factor', { scaleFactor: [1, Number.POSITIVE_INFINITY] }, /expected scaleFactor/],
    ['a factor that leaves nothing', { scaleFactor: 0.24 }, /leaves \[0,1\] of \[4,5\] pixels. Use a larger one/],
    // @ts-expect-error images are 'bilinear'
    ['an unknown mode', { size: 3, mode: 'linear' }, /expected a mode of nearest, .* got 'linear'/],
    ['nearest with corners', { size: 3, alignCorners: true }, /mode 'nearest' has no alignCorners/],
    ['area with antialias', { size: 3, mode: 'area', antialias: true }, /mode 'area' has no antialias/],
    ['a size and another factor', { size: 3, recomputeScaleFactor: true }, /recomputeScaleFactor needs a scaleFactor/],
  ]
  test.each(refused)('%s', (_, options, message) => {
    const given = x()
    expectShapeError(() => interpolate(given, options), message)
  })

  test('anything but images', () => {
    const row = zeros([4, 5])
    expectShapeError(() => interpolate(row, { size: 3 }), /x \[batch, height, width, channels\], got shape \[4,5\]/)
    const integers = zeros([1, 4, 5, 2], 'int32')
    expectShapeError(() => interpolate(integers, { size: 3 }), /dtype float32, got int32/)
    const empty = images(1, 0, 5, 2)
    expectShapeError(() => interpolate(empty, { size: 3 }), /images with pixels and channels, got shape \[1,0,5,2\]/)
  })
})
