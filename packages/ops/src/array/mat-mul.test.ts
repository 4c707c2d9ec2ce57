import { describeBackends, describeOp, expectShapeError } from '@ddnet/testing'
import { zeros } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { matMul } from './mat-mul.ts'

describeOp('matMul', {
  inputs: ['a', 'b'],
  run: ({ a, b }, { transposeA, transposeB }) => matMul(a, b, transposeA, transposeB),
})

describeBackends('matMul', () => {
  test('says what does not fit', () => {
    const zeros2x2x3 = zeros([2, 2, 3])
    const zeros3x3x1 = zeros([3, 3, 1])
    const zerosScalar = zeros([])
    const zeros2 = zeros([2])
    const [a, b] = [zeros([2, 3]), zeros([4, 3])]
    expectShapeError(() => matMul(a, b), /matMul: expected equal inner sizes, got 3 of a \[2,3\] and 4 of b \[4,3\]/)
    expectShapeError(() => matMul(a, b, true, true), /got 2 of a \[2,3\] transposed and 3 of b \[4,3\] transposed/)
    expectShapeError(() => matMul(zeros2x2x3, zeros3x3x1), /matMul: expected shapes that broadcast/)
    expectShapeError(() => matMul(zerosScalar, a), /expected vectors or matrices/)
    expectShapeError(() => matMul(zeros2, a, true), /no transposed vector/)
  })
})
