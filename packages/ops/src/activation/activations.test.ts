import { describeOp, expectShapeError } from '@ddnet/testing'
import { tensor } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { relu, sigmoid, tanh } from './activations.ts'

describeOp('relu', { inputs: ['x'], run: ({ x }) => relu(x) })
describeOp('sigmoid', { inputs: ['x'], run: ({ x }) => sigmoid(x) })
describeOp('tanh', { inputs: ['x'], run: ({ x }) => tanh(x) })

test('relu refuses booleans', () => {
  const x = tensor([1, 0], [2], 'bool')
  expectShapeError(() => relu(x), /relu: expected x to be float32 or int32, got bool of shape \[2\]/)
})
