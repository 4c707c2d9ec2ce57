import { defined, describeOp, expectShapeError } from '@ddnet/testing'
import { tensor } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { gelu, logSigmoid, mish, silu, softsign } from './smooth.ts'

const inputs = ['x']

describeOp('silu', { inputs, run: ({ x }) => silu(defined(x)) })
describeOp('mish', { inputs, run: ({ x }) => mish(defined(x)) })
describeOp('softsign', { inputs, run: ({ x }) => softsign(defined(x)) })
describeOp('logSigmoid', { inputs, run: ({ x }) => logSigmoid(defined(x)) })
describeOp('gelu', { inputs, run: ({ x }, options) => gelu(defined(x), options) })

test.each(Object.entries({ silu, mish, softsign, logSigmoid, gelu }))(
  '%s refuses integers, as PyTorch does',
  (name, run) => {
    const x = tensor([1, 2], [2], 'int32')
    expectShapeError(() => run(x), `${name}: expected x to be float32, got int32`)
  },
)

test('gelu knows two formulas', () => {
  const x = tensor([1, 2])
  expectShapeError(
    () => gelu(x, { approximate: 'erf' as 'none' }),
    /gelu: expected approximate to be 'none' or 'tanh', got 'erf'/,
  )
})
