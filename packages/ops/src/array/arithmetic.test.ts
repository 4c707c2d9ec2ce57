import { describeBackends, describeOp, expectShapeError } from '@ddnet/testing'
import { tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { grad } from '../autodiff/differentiate.ts'
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
import { sum } from './sum.ts'

for (const [name, run] of Object.entries({ add, sub, mul, div, maximum, minimum, squaredDifference })) {
  describeOp(name, { inputs: ['a', 'b'], run: ({ a, b }) => run(a, b) })
}
for (const [name, run] of Object.entries({ neg, square, sqrt, rsqrt, exp, log, abs })) {
  describeOp(name, { inputs: ['x'], run: ({ x }) => run(x) })
}

test.each(Object.entries({ neg, square, abs }))('%s refuses booleans', (name, run) => {
  const x = tensor([1, 0], [2], 'bool')
  expectShapeError(() => run(x), `${name}: expected x to be float32 or int32, got bool`)
})

describeBackends('the one that is not chosen', () => {
  test.each([
    ['maximum', maximum, [0, 0.5, 1]],
    ['minimum', minimum, [1, 0.5, 0]],
  ] as const)('by %s gets no gradient, also where that which comes is infinite', async (_, choose, shares) => {
    const [a, b] = [tensor([1, 2, 3]), tensor([2, 2, 2])]
    const ofA = grad((x) => sum(mul(choose(x, b), Number.POSITIVE_INFINITY)))(a)
    const ofB = grad((x) => sum(mul(choose(a, x), Number.POSITIVE_INFINITY)))(b)
    const infinite = (share: number) => (share === 0 ? 0 : Number.POSITIVE_INFINITY)
    expect([...(await ofA.data())]).toEqual(shares.map(infinite))
    expect([...(await ofB.data())]).toEqual(shares.map((share) => infinite(1 - share)))
  })
})
