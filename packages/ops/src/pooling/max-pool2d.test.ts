import { describeOp } from '@ddnet/testing'
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { type MaxPool2dOptions, maxPool2d } from './max-pool2d.ts'

describeOp('maxPool2d', {
  inputs: ['x'],
  run: ({ x }, options) => maxPool2d(x as Tensor4D, options as MaxPool2dOptions),
})
