import type { KernelConfig, Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import { wasmKernel } from '../engine/wasm-heap.ts'
import type { BatchNormAttributes } from './batch-norm-op.ts'

/** Sums over each channel in float64, which cannot cancel as float32 sums do. */
export const batchNormWasm: KernelConfig = wasmKernel<
  { x: Tensor; weight: Tensor1D; bias: Tensor1D },
  BatchNormAttributes
>('batchNorm', (inputs, { eps, activation }, heap) => {
  const channels = inputs.weight.shape[0]
  const outputs = [heap.output(inputs.x.shape), heap.output([channels]), heap.output([channels])] as const
  const [x, weight, bias] = [heap.view(inputs.x), heap.view(inputs.weight), heap.view(inputs.bias)]
  const [y, mean, variance] = [heap.view(outputs[0]), heap.view(outputs[1]), heap.view(outputs[2])]
  const count = x.length / channels
  const sums = new Float64Array(channels)
  for (let at = 0; at < x.length; at += channels) {
    for (let c = 0; c < channels; c++) sums[c] = (sums[c] as number) + (x[at + c] as number)
  }
  const squares = new Float64Array(channels)
  const average = sums.map((sum) => sum / count)
  for (let at = 0; at < x.length; at += channels) {
    for (let c = 0; c < channels; c++) {
      const centred = (x[at + c] as number) - (average[c] as number)
      squares[c] = (squares[c] as number) + centred * centred
    }
  }
  const scale = new Float64Array(channels)
  const shift = new Float64Array(channels)
  for (let c = 0; c < channels; c++) {
    mean[c] = average[c] as number
    variance[c] = (squares[c] as number) / count
    scale[c] = (weight[c] as number) / Math.sqrt((squares[c] as number) / count + eps)
    shift[c] = (bias[c] as number) - (average[c] as number) * (scale[c] as number)
  }
  const floor = activation === 'relu' ? 0 : Number.NEGATIVE_INFINITY
  for (let at = 0; at < x.length; at += channels) {
    for (let c = 0; c < channels; c++) {
      y[at + c] = Math.max(floor, (x[at + c] as number) * (scale[c] as number) + (shift[c] as number))
    }
  }
  return [...outputs]
})

type GradientInputs = Record<'dy' | 'x', Tensor> & Record<'weight' | 'bias' | 'mean' | 'variance', Tensor1D>

export const batchNormGradientWasm: KernelConfig = wasmKernel<GradientInputs, BatchNormAttributes>(
  'batchNormGradient',
  (inputs, { eps, activation }, heap) => {
    const channels = inputs.weight.shape[0]
    const outputs = [heap.output(inputs.x.shape), heap.output([channels]), heap.output([channels])] as const
    const [dx, dweight, dbias] = [heap.view(outputs[0]), heap.view(outputs[1]), heap.view(outputs[2])]
    const [dy, x, weight, bias] = [
      heap.view(inputs.dy),
      heap.view(inputs.x),
      heap.view(inputs.weight),
      heap.view(inputs.bias),
    ]
    const [mean, variance] = [heap.view(inputs.mean), heap.view(inputs.variance)]
    const count = x.length / channels
    const inverse = Float64Array.from(variance, (value) => 1 / Math.sqrt(value + eps))
    const relu = activation === 'relu'
    const sums = new Float64Array(channels) // Σ d
    const products = new Float64Array(channels) // Σ d · x̂
    for (let at = 0; at < x.length; at += channels) {
      for (let c = 0; c < channels; c++) {
        const normalised = ((x[at + c] as number) - (mean[c] as number)) * (inverse[c] as number)
        if (relu && normalised * (weight[c] as number) + (bias[c] as number) <= 0) continue
        sums[c] = (sums[c] as number) + (dy[at + c] as number)
        products[c] = (products[c] as number) + (dy[at + c] as number) * normalised
      }
    }
    const scale = new Float64Array(channels)
    const average = new Float64Array(channels)
    const slope = new Float64Array(channels)
    for (let c = 0; c < channels; c++) {
      dbias[c] = sums[c] as number
      dweight[c] = products[c] as number
      scale[c] = (weight[c] as number) * (inverse[c] as number)
      average[c] = (sums[c] as number) / count
      slope[c] = (products[c] as number) / count
    }
    for (let at = 0; at < x.length; at += channels) {
      for (let c = 0; c < channels; c++) {
        const normalised = ((x[at + c] as number) - (mean[c] as number)) * (inverse[c] as number)
        const masked = relu && normalised * (weight[c] as number) + (bias[c] as number) <= 0
        const d = masked ? 0 : (dy[at + c] as number)
        dx[at + c] = (scale[c] as number) * (d - (average[c] as number) - normalised * (slope[c] as number))
      }
    }
    return [...outputs]
  },
)
