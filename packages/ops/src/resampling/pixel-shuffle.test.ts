import { describeOp } from '@ddnet/testing'
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { pixelShuffle, pixelUnshuffle } from './pixel-shuffle.ts'

describeOp('pixelShuffle', {
  inputs: ['x'],
  run: ({ x }, { factor }) => pixelShuffle(x as Tensor4D, factor),
})

describeOp('pixelUnshuffle', {
  inputs: ['x'],
  run: ({ x }, { factor }) => pixelUnshuffle(x as Tensor4D, factor),
})
