import { describeOp } from '@ddnet/testing'
import { tidy } from '@tensorflow/tfjs-core'
import { cast } from './cast.ts'
import { equal, greater, greaterEqual, less, lessEqual, notEqual } from './compare.ts'

const comparisons = { greater, greaterEqual, less, lessEqual, equal, notEqual }

describeOp('compare', {
  inputs: ['a', 'b'],
  run: ({ a, b }, { operator }) => {
    const compare = comparisons[operator as keyof typeof comparisons] // as the fixture spells them
    return tidy(() => cast(compare(a, b), 'float32'))
  },
})
