import { describeOp } from '@ddnet/testing'
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { crossEntropy } from './cross-entropy.ts'

describeOp('crossEntropy', {
  inputs: ['logits'],
  constants: ['labels'],
  run: ({ logits, labels }, options) => crossEntropy(logits as Tensor2D, labels as Tensor1D, options),
})
