import { describeOp, expectShapeError } from '@ddnet/testing'
import { tensor } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { ceil, floor, round, sign } from './round.ts'

for (const [name, run] of Object.entries({ sign, floor, ceil, round })) {
  describeOp(name, { inputs: ['x'], run: ({ x }) => run(x) })
  test(`${name} refuses booleans`, () => {
    const x = tensor([1, 0], [2], 'bool')
    expectShapeError(() => run(x), `${name}: expected x to be float32 or int32, got bool`)
  })
}
