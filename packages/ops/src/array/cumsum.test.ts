import { describeBackends, describeOp, expectShapeError } from '@ddnet/testing'
import { tidy, zeros } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { square } from './arithmetic.ts'
import { cumsum } from './cumsum.ts'

describeOp('cumsum', {
  inputs: ['x'],
  run: ({ x }, { axis, ...options }) => tidy(() => cumsum(square(x), axis, options)),
})

describeBackends('cumsum', () => {
  test('says what does not fit', () => {
    const zeros2 = zeros([2])
    const zerosScalar = zeros([])
    expectShapeError(() => cumsum(zeros2, 1), /cumsum: expected an axis in -1 … 0/)
    expectShapeError(() => cumsum(zerosScalar, 0), /cumsum: expected an axis/)
  })
})
