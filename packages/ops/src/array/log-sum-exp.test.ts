import { describeBackends, describeOp, expectShapeError } from '@ddnet/testing'
import { tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { mul } from './arithmetic.ts'
import { logSumExp } from './log-sum-exp.ts'

describeOp('logSumExp', {
  inputs: ['x'],
  run: ({ x }, { axis, keepDims }) => tidy(() => logSumExp(mul(x, 3), axis, keepDims)),
})

describeBackends('logSumExp', (backend) => {
  test('does not overflow', async () => {
    expect([...(await logSumExp(tensor([1e4, 1e4 - 100])).data())]).toEqual([1e4])
  })

  // WGSL lets an implementation assume that there are no infinities.
  if (backend !== 'webgpu') {
    test('passes infinities through', async () => {
      const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
      expect([...(await logSumExp(tensor([low, low, low, 2, high, 0], [3, 2]), 1).data())]).toEqual([low, 2, high])
    })
  }

  test('says what does not fit', () => {
    const zeros2 = zeros([2])
    expectShapeError(() => logSumExp(zeros2, 1), /logSumExp: expected an axis/)
  })
})
