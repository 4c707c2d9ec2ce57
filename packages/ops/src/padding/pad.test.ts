import { describeOp } from '@ddnet/testing'
import type { Tensor } from '@tensorflow/tfjs-core'
import { type PadOptions, pad } from './pad.ts'

describeOp('pad', {
  inputs: ['x'],
  run: ({ x }, { paddings, ...options }) => pad(x as Tensor, paddings, options as PadOptions),
})
