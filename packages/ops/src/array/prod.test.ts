import { describeBackends, describeOp, expectShapeError } from '@ddnet/testing'
import { tensor, zeros } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { prod } from './prod.ts'

describeOp('prod', { inputs: ['x'], run: ({ x }, { axis, keepDims }) => prod(x, axis, keepDims) })

describeBackends('prod', () => {
  test('keeps integers exact', async () => {
    const y = prod(tensor([7, -3, 2, 5], [2, 2], 'int32'), 0)
    expect([y.dtype, ...(await y.data())]).toEqual(['int32', 14, -15])
  })

  test('of truth values is an integer, as in PyTorch', async () => {
    const y = prod(tensor([1, 0, 1, 1], [2, 2], 'bool'), 1)
    expect([y.dtype, ...(await y.data())]).toEqual(['int32', 0, 1])
  })

  test('says what does not fit', () => {
    const zeros2 = zeros([2])
    expectShapeError(() => prod(zeros2, 1), /prod: expected an axis/)
  })
})
