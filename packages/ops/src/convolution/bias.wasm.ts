import type { KernelConfig, Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import type { Activation } from '../activation/activations.ts'
import { wasmKernel } from '../kernels/wasm-heap.ts'

export const addBiasWasm: KernelConfig = wasmKernel<{ x: Tensor; bias: Tensor1D }, { activation?: Activation }>(
  'addBias',
  ({ x, bias }, { activation }, heap) => {
    const y = heap.output(x.shape)
    const channels = bias.shape[0]
    const addresses = [x, bias, y].map((tensor) => heap.address(tensor))
    heap.runner.run('addBias', heap.table([...addresses, x.size / channels, channels, activation === 'relu' ? 1 : 0]))
    return y
  },
)
