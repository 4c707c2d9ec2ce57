import type { Tensor4D } from '@ddnet/ops'
import { describeOp } from '@ddnet/testing'
import { type AvgPool2dOptions, avgPool2d } from './avg-pool2d.ts'

describeOp('avgPool2d', {
  inputs: ['x'],
  run: ({ x }, options) => avgPool2d(x as Tensor4D, options as AvgPool2dOptions),
})
