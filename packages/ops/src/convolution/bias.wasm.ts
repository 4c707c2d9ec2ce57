import type { KernelConfig, Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import type { Activation } from '../activation/activations.ts'
import { wasmKernel } from '../kernels/wasm-heap.ts'

export const addBiasWasm: KernelConfig = wasmKernel<{ x: Tensor; bias: Tensor1D }, { activation?: Activation }>(
  'addBias',
  ({ x, bias }, { activation }, heap) => {
    const y = heap.output(x.shape)
    const channels = bias.shape[0]
    const job = heap.write('AddBias', {
      x: heap.address(x),
      bias: heap.address(bias),
      y: heap.address(y),
      rows: x.size / channels,
      channels,
      relu: activation === 'relu',
    })
    heap.runner.run('addBias', job)
    return y
  },
)
