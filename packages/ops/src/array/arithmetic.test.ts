import { describeOp, expectShapeError } from '@ddnet/testing'
import { type Tensor, tensor } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import {
  abs,
  add,
  div,
  exp,
  log,
  maximum,
  minimum,
  mul,
  neg,
  rsqrt,
  sqrt,
  square,
  squaredDifference,
  sub,
} from './arithmetic.ts'

for (const [name, run] of Object.entries({ add, sub, mul, div, maximum, minimum, squaredDifference })) {
  describeOp(name, { inputs: ['a', 'b'], run: ({ a, b }) => run(a as Tensor, b as Tensor) })
}
for (const [name, run] of Object.entries({ neg, square, sqrt, rsqrt, exp, log, abs })) {
  describeOp(name, { inputs: ['x'], run: ({ x }) => run(x as Tensor) })
}

test.each(Object.entries({ neg, square, abs }))('%s refuses booleans', (name, run) => {
  const x = tensor([1, 0], [2], 'bool')
  expectShapeError(() => run(x), `${name}: expected x to be float32 or int32, got bool`)
})
