import { describeOp, expectShapeError } from '@ddnet/testing'
import { tensor } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { softplus } from './softplus.ts'

describeOp('softplus', { inputs: ['x'], run: ({ x }, options) => softplus(x, options) })

test('softplus refuses integers, as PyTorch does', () => {
  const x = tensor([1, 2], [2], 'int32')
  expectShapeError(() => softplus(x), /softplus: expected x to be float32, got int32/)
})
