import { describeOp, expectShapeError } from '@ddnet/testing'
import { tensor } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { clamp } from './clamp.ts'

describeOp('clamp', { inputs: ['x'], run: ({ x }, options) => clamp(x, options) })

test('clamp needs a bound, and float32', () => {
  const [x, integers] = [tensor([1, 2]), tensor([1], [1], 'int32')]
  expectShapeError(() => clamp(x, {}), /clamp: expected min, max or both, got neither/)
  expectShapeError(() => clamp(integers, { min: 0 }), /clamp: expected x to be float32, got int32/)
})
