import type { KernelConfig } from '@tensorflow/tfjs-core'
import { entryOf } from '../checks/item.ts'

/**
 * A new handle on the same values. tfjs-wasm's own kernel copies them, and the engine clones every tensor that it saves
 * for the backward pass: twice the memory of a training step.
 */
export const identityWasm: KernelConfig = {
  kernelName: 'Identity',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend }) => {
    const x = entryOf(inputs, 'x')
    ;(backend as { incRef(dataId: object): void }).incRef(x.dataId)
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype }
  },
}
