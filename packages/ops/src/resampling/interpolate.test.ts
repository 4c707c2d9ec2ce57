import { describeOp } from '@ddnet/testing'
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { type InterpolateOptions, interpolate } from './interpolate.ts'

describeOp('interpolate', {
  inputs: ['x'],
  run: ({ x }, options) => interpolate(x as Tensor4D, options as InterpolateOptions),
})
