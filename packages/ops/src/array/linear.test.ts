import { describeOp } from '@ddnet/testing'
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { linear } from './linear.ts'

describeOp('linear', {
  inputs: ['x', 'weight', 'bias'],
  run: ({ x, weight, bias }) => linear(x as Tensor, weight as Tensor2D, bias as Tensor1D | undefined),
})
