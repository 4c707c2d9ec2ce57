import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { floatWord, wasmKernel } from '../kernels/wasm-heap.ts'
import type { AdamAttributes } from './adam-update.ts'

export const adamUpdateWasm: KernelConfig = wasmKernel<
  Record<'parameter' | 'gradient' | 'm' | 'v', Tensor>,
  AdamAttributes
>(
  'adamUpdate',
  ({ parameter, gradient, m, v }, { learningRate, beta1, beta2, eps, weightDecay, decoupled, step }, heap) => {
    const outputs = [heap.output(parameter.shape), heap.output(parameter.shape), heap.output(parameter.shape)]
    const numbers = [
      beta1,
      1 - beta1,
      beta2,
      1 - beta2,
      learningRate / (1 - beta1 ** step),
      1 / Math.sqrt(1 - beta2 ** step),
      eps,
      decoupled ? 0 : weightDecay,
      decoupled ? 1 - learningRate * weightDecay : 1,
    ]
    const addresses = [parameter, gradient, m, v, ...outputs].map((tensor) => heap.address(tensor))
    const job = heap.table([...addresses, parameter.size, ...numbers.map(floatWord)])
    if (parameter.size < 4096) heap.runner.runAlone('adam', job)
    else heap.runner.run('adam', job)
    return outputs
  },
)
