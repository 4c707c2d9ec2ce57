import { type KernelConfig, reshape, type Tensor, type Tensor1D, type Tensor4D, tensor1d } from '@tensorflow/tfjs-core'
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

/** TensorFlow's fused batch norm: `[y, mean, biased variance]`. */
export const batchNorm: KernelConfig = kernel<{ x: Tensor; weight: Tensor1D; bias: Tensor1D }, BatchNormAttributes>(
  'batchNorm',
  ({ execute, executeAll }, { x, weight, bias }, { eps, activation }) => {
    const none = tensor1d([], 'float32')
    const inputs = [asImages(x, weight.size), weight, bias, none, none]
    const outputs = executeAll('FusedBatchNormV2', inputs, batchNormAttributes(eps, true), 5)
    // The third output is the unbiased variance; the biased one is the fifth, which TensorFlow's CPU keeps for the gradient.
    const [y, mean, , , variance] = outputs as [Tensor, Tensor, Tensor, Tensor, Tensor]
    return [shapedAs(activation === 'relu' ? execute('Relu', [y]) : y, x), mean, variance]
  },
)
