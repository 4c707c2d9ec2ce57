import { tuple } from '@ddnet/ops/checks'
import { runComposition } from '@ddnet/ops/kernels'
import type { KernelConfig, Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import { asImages, type BatchNormAttributes, batchNormAttributes, maxRows, shapedAs } from './batch-norm.ts'
import { kernel } from './kernel.ts'
import { gradientOfRelu } from './relu-gradient.ts'

type Inputs = Record<'dy' | 'x' | 'y', Tensor> & Record<'weight' | 'mean' | 'variance', Tensor1D>

/** TensorFlow's gradient of its fused batch norm, `[dx, dweight, dbias]`; of very many rows the composition, whose sums keep their digits. */
export const batchNormGradient: KernelConfig = kernel<Inputs, BatchNormAttributes>(
  'batchNormGradient',
  (executor, inputs, attributes) => {
    const { dy, x, weight, mean, variance, y } = inputs
    const { eps, activation } = attributes
    if (x.size / weight.size > maxRows) return runComposition('batchNormGradient', inputs, attributes) as Tensor[]
    const images = asImages(x, weight.size)
    let gradient: Tensor = asImages(dy, weight.size)
    if (activation === 'relu') gradient = gradientOfRelu(executor, gradient, asImages(y, weight.size))
    const given = [gradient, images, weight, mean, variance]
    const outputs = executor.executeAll('FusedBatchNormGradV2', given, batchNormAttributes(eps), 5)
    const [dx, dweight, dbias] = tuple(outputs, 3)
    return [shapedAs(dx, x), dweight, dbias]
  },
)
