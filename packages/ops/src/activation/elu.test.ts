import { describeOp, expectShapeError } from '@ddnet/testing'
import { tensor } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { celu, elu, selu } from './elu.ts'

describeOp('elu', { inputs: ['x'], run: ({ x }, options) => elu(x, options) })
describeOp('celu', { inputs: ['x'], run: ({ x }, options) => celu(x, options) })
describeOp('selu', { inputs: ['x'], run: ({ x }) => selu(x) })

test.each(Object.entries({ elu, celu, selu }))('%s refuses integers, as PyTorch does', (name, run) => {
  const x = tensor([1, 2], [2], 'int32')
  expectShapeError(() => run(x), `${name}: expected x to be float32, got int32`)
})
