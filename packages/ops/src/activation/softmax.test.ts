import { describeOp, expectShapeError } from '@ddnet/testing'
import { tensor } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { logSoftmax, softmax } from './softmax.ts'

describeOp('softmax', { inputs: ['logits'], run: ({ logits }, { axis }) => softmax(logits, axis) })
describeOp('logSoftmax', { inputs: ['logits'], run: ({ logits }, { axis }) => logSoftmax(logits, axis) })

test('an axis that logits lack, or another dtype, is refused', () => {
  const [logits, scalar, integers] = [tensor([[1, 2]]), tensor(1), tensor([1, 2], [2], 'int32')]
  expectShapeError(() => softmax(logits, 2), /softmax: expected an axis of logits \[1,2\], got 2/)
  expectShapeError(() => logSoftmax(logits, -3), /logSoftmax: expected an axis of logits \[1,2\], got -3/)
  expectShapeError(() => softmax(scalar), /softmax: expected an axis of logits \[\], got -1/)
  expectShapeError(() => softmax(integers), /expected logits to be float32, got int32/)
})
