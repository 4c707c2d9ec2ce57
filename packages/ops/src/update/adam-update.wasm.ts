import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { wasmKernel } from '../kernels/wasm-heap.ts'
import type { AdamAttributes } from './adam-update.ts'

export const adamUpdateWasm: KernelConfig = wasmKernel<
  Record<'parameter' | 'gradient' | 'm' | 'v', Tensor>,
  AdamAttributes
>(
  'adamUpdate',
  ({ parameter, gradient, m, v }, { learningRate, beta1, beta2, eps, weightDecay, decoupled, step }, heap) => {
    const newParameter = heap.output(parameter.shape)
    const newM = heap.output(parameter.shape)
    const newV = heap.output(parameter.shape)
    const job = heap.write('Adam', {
      parameter: heap.address(parameter),
      gradient: heap.address(gradient),
      m: heap.address(m),
      v: heap.address(v),
      newParameter: heap.address(newParameter),
      newM: heap.address(newM),
      newV: heap.address(newV),
      count: parameter.size,
      beta1,
      rest1: 1 - beta1,
      beta2,
      rest2: 1 - beta2,
      stepSize: learningRate / (1 - beta1 ** step),
      correction: 1 / Math.sqrt(1 - beta2 ** step),
      eps,
      l2: decoupled ? 0 : weightDecay,
      keep: decoupled ? 1 - learningRate * weightDecay : 1,
    })
    if (parameter.size < 4096) heap.runner.runAlone('adam', job)
    else heap.runner.run('adam', job)
    return [newParameter, newM, newV]
  },
)
