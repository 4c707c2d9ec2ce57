import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { wasmKernel } from '../engine/wasm-heap.ts'
import type { AdamAttributes } from './adam-update.ts'

export const adamUpdateWasm: KernelConfig = wasmKernel<
  Record<'parameter' | 'gradient' | 'm' | 'v', Tensor>,
  AdamAttributes
>('adamUpdate', (inputs, { learningRate, beta1, beta2, eps, weightDecay, decoupled, step }, heap) => {
  const shape = inputs.parameter.shape
  const outputs = [heap.output(shape), heap.output(shape), heap.output(shape)] as const
  const [newParameter, newM, newV] = [heap.view(outputs[0]), heap.view(outputs[1]), heap.view(outputs[2])]
  const [parameter, gradient] = [heap.view(inputs.parameter), heap.view(inputs.gradient)]
  const [oldM, oldV] = [heap.view(inputs.m), heap.view(inputs.v)]
  const stepSize = learningRate / (1 - beta1 ** step)
  const correction = 1 / Math.sqrt(1 - beta2 ** step)
  const l2 = decoupled ? 0 : weightDecay
  const keep = decoupled ? 1 - learningRate * weightDecay : 1
  for (let i = 0; i < parameter.length; i++) {
    const g = (gradient[i] as number) + l2 * (parameter[i] as number)
    const m = beta1 * (oldM[i] as number) + (1 - beta1) * g
    const v = beta2 * (oldV[i] as number) + (1 - beta2) * g * g
    newM[i] = m
    newV[i] = v
    newParameter[i] = keep * (parameter[i] as number) - (stepSize * m) / (Math.sqrt(v) * correction + eps)
  }
  return [...outputs]
})
