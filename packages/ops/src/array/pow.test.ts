import { describeOp, expectShapeError } from '@ddnet/testing'
import { tensor } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { pow, reciprocal } from './pow.ts'

describeOp('pow', { inputs: ['a', 'b?'], run: ({ a, b }, { exponent }) => pow(a, b ?? exponent) })
describeOp('reciprocal', { inputs: ['x'], run: ({ x }) => reciprocal(x) })

test('an integer power of integers is refused', () => {
  const x = tensor([1, 2], [2], 'int32')
  expectShapeError(() => pow(x, x), /pow: expected base or exp to be float32, got int32 and int32/)
})
