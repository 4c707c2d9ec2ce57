import { describeOp } from '@ddnet/testing'
import { maxUnpool2d } from './max-unpool2d.ts'

describeOp('maxUnpool2d', {
  inputs: ['values'],
  constants: ['indices'],
  run: ({ values, indices }, options) => maxUnpool2d(values, indices, options),
})
