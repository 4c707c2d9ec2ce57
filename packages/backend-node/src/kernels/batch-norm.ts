import { type KernelConfig, reshape, type Tensor, type Tensor1D, type Tensor4D, tensor1d } from '@tensorflow/tfjs-core'
import { type Attributes, kernel } from './kernel.ts'

export interface BatchNormAttributes {
  readonly eps: number
  readonly activation?: 'relu'
}

/** The attributes that TensorFlow's fused batch norm ops share in training. */
export const batchNormAttributes = (eps: number): Attributes => ({
  U: { type: 'float32' },
  epsilon: { float: eps },
  data_format: 'NHWC',
  is_training: true,
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
  (executor, { x, weight, bias, runningMean, runningVar }, { eps, momentum, activation }) => {
    // At a momentum of 1 the op wants no running statistics.
    const running = momentum === 1 ? [tensor1d([], 'float32'), tensor1d([], 'float32')] : [runningMean, runningVar]
    const inputs = [asImages(x, weight.size), weight, bias, ...running]
    const attributes = { ...batchNormAttributes(eps), exponential_avg_factor: { float: momentum } }
    const outputs = executor.executeAll('FusedBatchNormV3', inputs, attributes, 6)
    // The fourth and the fifth are what TensorFlow's CPU keeps for the gradient: the batch's mean and biased variance.
    const [y, nextMean, nextVar, mean, variance] = outputs as [Tensor, Tensor, Tensor, Tensor, Tensor]
    // Not oneDNN's batch norm with ReLU in it: that makes a NaN 0, so that a run that diverged would look healthy.
    const activated = activation === 'relu' ? executor.execute('Relu', [y]) : y
    return [shapedAs(activated, x), mean, variance, nextMean, nextVar]
  },
)
