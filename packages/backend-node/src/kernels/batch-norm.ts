import {
  add,
  type KernelConfig,
  mul,
  reshape,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  tensor1d,
} from '@tensorflow/tfjs-core'
import { type AttributeValue, kernel } from './kernel.ts'

export interface BatchNormAttributes {
  readonly eps: number
  readonly activation?: 'relu'
}

/** The attributes that TensorFlow's fused batch norm ops share. */
export const batchNormAttributes = (eps: number, training: boolean): Record<string, AttributeValue> => ({
  U: { type: 'float32' },
  epsilon: { float: eps },
  data_format: 'NHWC',
  is_training: training,
})

/** TensorFlow normalises `[batch, height, width, channels]`: any other rank has all axes but the last as one. */
export const asImages = (x: Tensor, channels: number): Tensor4D =>
  x.rank === 4 ? (x as Tensor4D) : reshape(x, [x.size / channels, 1, 1, channels])

/** The inverse of `asImages`. */
export const shapedAs = (images: Tensor, x: Tensor): Tensor => (x.rank === 4 ? images : reshape(images, x.shape))

type Inputs = { x: Tensor } & Record<'weight' | 'bias' | 'runningMean' | 'runningVar', Tensor1D>

/** TensorFlow's fused batch norm: `[y, mean, biased variance, next running mean, next running variance]`. */
export const batchNorm: KernelConfig = kernel<Inputs, BatchNormAttributes & { momentum: number }>(
  'batchNorm',
  ({ execute, executeAll }, { x, weight, bias, runningMean, runningVar }, { eps, momentum, activation }) => {
    const none = tensor1d([], 'float32')
    const inputs = [asImages(x, weight.size), weight, bias, none, none]
    const outputs = executeAll('FusedBatchNormV2', inputs, batchNormAttributes(eps, true), 5)
    // The biased variance is the fifth output, which TensorFlow's CPU keeps for the gradient.
    const [y, mean, unbiased, , variance] = outputs as [Tensor, Tensor, Tensor, Tensor, Tensor]
    return [
      shapedAs(activation === 'relu' ? execute('Relu', [y]) : y, x),
      mean,
      variance,
      add(mul(1 - momentum, runningMean), mul(momentum, mean)),
      add(mul(1 - momentum, runningVar), mul(momentum, unbiased)),
    ]
  },
)
