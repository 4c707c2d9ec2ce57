import { defined, describeOp, expectShapeError } from '@ddnet/testing'
import { ones, tensor } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { hardSigmoid, hardSwish, hardTanh, leakyRelu, prelu, relu6 } from './piecewise.ts'

const inputs = ['x']

describeOp('leakyRelu', { inputs, run: ({ x }, options) => leakyRelu(defined(x), options) })
describeOp('prelu', { inputs: ['x', 'weight'], run: ({ x, weight }) => prelu(x, weight) })
describeOp('relu6', { inputs, run: ({ x }) => relu6(defined(x)) })
describeOp('hardTanh', { inputs, run: ({ x }, options) => hardTanh(defined(x), options) })
describeOp('hardSigmoid', { inputs, run: ({ x }) => hardSigmoid(defined(x)) })
describeOp('hardSwish', { inputs, run: ({ x }) => hardSwish(defined(x)) })

test('prelu takes one slope, or one a channel', () => {
  const [x, two, matrix] = [ones([2, 3]), ones([2]), ones([1, 3])]
  expectShapeError(() => prelu(x, two), /prelu: expected weight \[1\] or \[3\].*got \[2\]/)
  expectShapeError(() => prelu(x, matrix), /prelu: expected weight \[1\] or \[3\].*got \[1,3\]/)
})

test('hardTanh needs its bounds in order', () => {
  const x = ones([2])
  expectShapeError(() => hardTanh(x, { min: 1, max: 0 }), /hardTanh: expected min ≤ max, got 1 and 0/)
})

test.each(Object.entries({ leakyRelu, relu6, hardTanh, hardSigmoid, hardSwish }))(
  '%s refuses integers, as PyTorch does',
  (name, run) => {
    const x = tensor([1, 2], [2], 'int32')
    expectShapeError(() => run(x), `${name}: expected x to be float32, got int32`)
  },
)
