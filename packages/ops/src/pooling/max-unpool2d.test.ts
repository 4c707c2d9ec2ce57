import type { Tensor4D } from '@ddnet/ops'
import { describeOp } from '@ddnet/testing'
import { type MaxUnpool2dOptions, maxUnpool2d } from './max-unpool2d.ts'

describeOp('maxUnpool2d', {
  inputs: ['values'],
  constants: ['indices'],
  run: ({ values, indices }, options) =>
    maxUnpool2d(values as Tensor4D, indices as Tensor4D, options as MaxUnpool2dOptions),
})
