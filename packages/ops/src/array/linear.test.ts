import { describeBackends, describeOp, expectShapeError } from '@ddnet/testing'
import { type Rank, zeros } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { linear } from './linear.ts'

describeOp('linear', {
  inputs: ['x', 'weight', 'bias?'],
  run: ({ x, weight, bias }) => linear(x, weight, bias),
})

describeBackends('linear', () => {
  test('says what does not fit', () => {
    const zeros2x5 = zeros([2, 5])
    const zerosScalar = zeros([])
    const zeros2x3 = zeros([2, 3])
    const zeros3 = zeros<Rank.R1>([3])
    const weight = zeros<Rank.R2>([4, 3])
    expectShapeError(() => linear(zeros2x5, weight), /linear: expected last axis 3, got \[2,5\]/)
    expectShapeError(() => linear(zerosScalar, weight), /linear: expected last axis 3, got \[\]/)
    expectShapeError(() => linear(zeros2x3, zeros3), /weight \[outFeatures, inFeatures\], got \[3\]/)
    expectShapeError(() => linear(zeros2x3, weight, zeros3), /linear: expected bias \[4\], got \[3\]/)
  })
})
