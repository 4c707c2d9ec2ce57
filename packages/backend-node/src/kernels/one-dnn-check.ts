import { engine, type KernelConfig, type NamedTensorMap, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core'
import type { NodeJSKernelBackend } from '../vendor/tfjs-node.mjs'
import { batchNorm } from './batch-norm.ts'
import { batchNormGradient } from './batch-norm-gradient.ts'
import { conv2d } from './conv2d.ts'
import { conv2dBackpropInput } from './conv2d-backprop-input.ts'
import { conv2dFilterGradient } from './conv2d-filter-gradient.ts'
import { maxPool2dOnCpu } from './max-pool2d.ts'
import { maxPool2dGradientOnCpu } from './max-pool2d-gradient.ts'
import { useOneDnn } from './one-dnn.ts'

/**
 * Lets kernels take oneDNN's where this TensorFlow has them and they compute what TensorFlow's own ops compute. They are
 * called by internal names, so nothing but trying them tells.
 */
export function useOneDnnIfRight(backend: NodeJSKernelBackend): void {
  useOneDnn(backend, false)
  const expected = results()
  useOneDnn(backend, true)
  try {
    const isRight = results().every((values, index) =>
      values.every((value, at) => Math.abs(value - (expected[index]?.[at] as number)) < 1e-4),
    )
    useOneDnn(backend, isRight)
  } catch {
    useOneDnn(backend, false) // another build of TensorFlow
  }
}

/** The results of all kernels that take oneDNN's, on images of 4 × 4 pixels. */
function results(): Float32Array[] {
  const noise = (shape: number[], seed: number): Tensor =>
    tensor(
      Float32Array.from({ length: shape.reduce((size, each) => size * each, 1) }, (_, at) => Math.sin(seed + 7 * at)),
      shape,
    )
  return tidy(() => {
    const [x, small, filter] = [noise([2, 4, 4, 3], 1), noise([2, 2, 2, 3], 2), noise([3, 3, 3, 3], 3)]
    const [weight, bias] = [noise([3], 4), noise([3], 5)]
    const variance = tensor([0.5, 1, 2])
    const padding = [
      [1, 1],
      [1, 1],
    ]
    const geometry = { stride: [1, 1], padding, dilation: [1, 1], groups: 1, kernelSize: [3, 3] }
    const stock = { strides: 1, pad: 'same', inputShape: x.shape }
    const pool = {
      ...geometry,
      kernelSize: [2, 2],
      stride: [2, 2],
      padding: [
        [0, 0],
        [0, 0],
      ],
      outputSize: [2, 2],
    }
    const norm = { eps: 1e-5, momentum: 0.1 }
    const statistics = { weight, bias, runningMean: bias, runningVar: variance }
    return [
      run(conv2d, { x, filter }, stock),
      run(conv2dBackpropInput, { dy: x, filter }, stock),
      run(conv2dFilterGradient, { x, dy: x }, geometry),
      run(batchNorm, { x, ...statistics }, norm),
      run(batchNormGradient, { dy: x, x, weight, mean: bias, variance, y: x }, norm),
      run(maxPool2dOnCpu, { x }, pool),
      run(maxPool2dGradientOnCpu, { dy: small, x, y: small }, pool),
    ].flat()
  })
}

function run({ kernelFunc }: KernelConfig, inputs: NamedTensorMap, attributes: object): Float32Array[] {
  const result = kernelFunc({ inputs, attrs: attributes as never, backend: engine().backend })
  // Our kernels give Tensors, of float32.
  return [result].flat().map((output) => (output as Tensor).dataSync() as Float32Array)
}
