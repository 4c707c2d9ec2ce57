import { createRequire } from 'node:module'
import { wasm } from '../../packages/backend-wasm/src/index.ts'
import type { Backend } from '../../packages/ops/src/index.ts'
import { wasmKernels } from '../../packages/ops/src/wasm.ts'

export { operators, time } from './operators.ts'
export { ddnetStep } from './step.ts'

/**
 * What operators run on: `own`, our kernels; `fused`, ours with fused multiply-add; `composed`, tfjs's, except that ours stay in the place of stock ones; `stock`,
 * tfjs's alone.
 */
export type Kernels = 'own' | 'fused' | 'composed' | 'stock'

export async function start(kernels: Kernels, threads: number): Promise<Backend> {
  // The engine's registry is one, whichever package asks for it.
  const require = createRequire(new URL('../../packages/backend-wasm/package.json', import.meta.url))
  const { engine, getKernel, registerKernel, unregisterKernel } = require('@tensorflow/tfjs-core')
  require('@tensorflow/tfjs-backend-wasm') // registers the stock kernels
  const stock = new Map(wasmKernels.map(({ kernelName }) => [kernelName, getKernel(kernelName, 'wasm')]))
  const backend = await wasm({ threads, fusedMultiplyAdd: kernels === 'fused' })
  if (kernels === 'own' || kernels === 'fused') return backend
  for (const [kernelName, replaced] of stock) {
    if (replaced === undefined) unregisterKernel(kernelName, 'wasm')
    else if (kernels === 'stock') {
      unregisterKernel(kernelName, 'wasm')
      registerKernel(replaced)
      replaced.setupFunc?.(engine().backend) // what the engine does for kernels that are there when it starts
    }
  }
  return backend
}
