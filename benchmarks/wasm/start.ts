import type { Backend } from '@ddnet/ops'
import { wasmKernels } from '@ddnet/ops/wasm'
import { unregisterKernel } from '@tensorflow/tfjs-core'
import { wasm } from '../../packages/backend-wasm/src/index.ts'

export { operators, time } from './operators.ts'
export { ddnetStep } from './step.ts'

/** Ours replaced stock kernels of these names, which operators need; they stay, in favour of the composed step. */
const stockNames = ['Identity', 'Mean', 'Sum', 'Tile']

/** Starts the WASM backend: with our kernels, or 'composed' from tfjs's. */
export async function start(kernels: 'own' | 'composed', threads: number): Promise<Backend> {
  const backend = await wasm({ threads })
  if (kernels === 'composed') {
    for (const { kernelName } of wasmKernels) {
      if (!stockNames.includes(kernelName)) unregisterKernel(kernelName, 'wasm')
    }
  }
  return backend
}
