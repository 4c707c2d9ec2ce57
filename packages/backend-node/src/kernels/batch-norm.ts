import { itemAt, tuple } from '@ddnet/ops/checks'
import {
  add,
  div,
  type KernelConfig,
  mul,
  reshape,
  slice,
  square,
  sub,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  tensor1d,
  zerosLike,
} from '@tensorflow/tfjs-core'
import { type Attributes, type Executor, kernel } from './kernel.ts'
import { rowSums } from './sums.ts'

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

/** TensorFlow's ops add up rows in sequence: of more they lose digits. */
export const maxRows: number = 2 ** 17

/**
 * Batch norm: `[y, mean, biased variance, next running mean, next running variance]`, by TensorFlow's fused op of what remains when
 * the first row is taken off. The op adds up rows in sequence, in float32; values far from zero would lose their variance. No row is
 * further from the mean than √rows standard deviations. Of very many rows the sums go in two levels.
 */
export const batchNorm: KernelConfig = kernel<Inputs, BatchNormAttributes & { momentum: number }>(
  'batchNorm',
  (executor, { x, weight, bias, runningMean, runningVar }, { eps, momentum, activation }) => {
    const channels = weight.size
    const rows = x.size / channels
    const images = asImages(x, channels)
    const normalised = rows > maxRows ? inTwoLevels : fused
    const [y, mean, variance] = tuple(normalised(executor, images, weight, bias, eps), 3)
    const activated = activation === 'relu' ? executor.execute('Relu', [y]) : y
    const next = (running: Tensor, value: Tensor, share: number) => add(mul(running, 1 - momentum), mul(value, share))
    return [
      shapedAs(activated, x),
      mean,
      variance,
      next(runningMean, mean, momentum),
      next(runningVar, variance, (momentum * rows) / (rows - 1)),
    ]
  },
)

function fused(executor: Executor, images: Tensor4D, weight: Tensor1D, bias: Tensor1D, eps: number): Tensor[] {
  const first = reshape(slice(images, [0, 0, 0, 0], [1, 1, 1, weight.size]), [weight.size])
  const none = tensor1d([], 'float32')
  const inputs = [sub(images, first), weight, bias, none, none]
  // The fourth and the fifth result are what TensorFlow's CPU keeps for the gradient: the batch's mean and biased variance.
  const outputs = executor.executeAll('FusedBatchNormV3', inputs, batchNormAttributes(eps), 6)
  const [y, , , mean, variance] = tuple(outputs, 5)
  return [y, add(mean, first), variance]
}

/** The mean taken twice, the second time of what the first leaves, and the variance of the differences. */
function inTwoLevels(executor: Executor, images: Tensor4D, weight: Tensor1D, bias: Tensor1D, eps: number): Tensor[] {
  const channels = weight.size
  const rows = images.size / channels
  const means = (values: Tensor) =>
    reshape(div(rowSums(executor, reshape(values, [1, rows, channels])), rows), [channels])
  const first = means(images)
  const mean = add(first, means(sub(images, first)))
  const centred = sub(images, mean)
  const variance = means(square(centred))
  const inputs = [centred, weight, bias, zerosLike(mean), variance]
  const attributes = { ...batchNormAttributes(eps), is_training: false }
  const y = itemAt(executor.executeAll('FusedBatchNormV3', inputs, attributes, 6), 0)
  return [y, mean, variance]
}
