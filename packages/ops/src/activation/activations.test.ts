import { describeOp } from '@ddnet/testing'
import type { Tensor } from '@tensorflow/tfjs-core'
import { logSoftmax, relu, sigmoid, softmax, tanh } from './activations.ts'

describeOp('relu', { inputs: ['x'], run: ({ x }) => relu(x as Tensor) })
describeOp('sigmoid', { inputs: ['x'], run: ({ x }) => sigmoid(x as Tensor) })
describeOp('tanh', { inputs: ['x'], run: ({ x }) => tanh(x as Tensor) })
describeOp('softmax', { inputs: ['logits'], run: ({ logits }) => softmax(logits as Tensor) })
describeOp('logSoftmax', { inputs: ['logits'], run: ({ logits }) => logSoftmax(logits as Tensor) })
