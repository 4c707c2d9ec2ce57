import type { Tensor3D } from '@ddnet/ops'
import { describeOp } from '@ddnet/testing'
import { type AvgPool1dOptions, avgPool1d, type MaxPool1dOptions, maxPool1d } from './pool1d.ts'

describeOp('maxPool1d', {
  inputs: ['x'],
  run: ({ x }, options) => maxPool1d(x as Tensor3D, options as MaxPool1dOptions),
})

describeOp('avgPool1d', {
  inputs: ['x'],
  run: ({ x }, options) => avgPool1d(x as Tensor3D, options as AvgPool1dOptions),
})
