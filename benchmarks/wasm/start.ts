import { createRequire } from 'node:module'
import { wasm } from '../../packages/backend-wasm/src/index.ts'
import type { Backend } from '../../packages/ops/src/index.ts'
import { wasmKernels } from '../../packages/ops/src/wasm.ts'

export { operators, time } from './operators.ts'
export { ddnetStep } from './step.ts'

/** Ours replaced stock kernels of these names, which operators need; they stay, in favour of the composed step. */
const stockNames = ['Identity', 'Mean', 'Sum', 'Tile']

/** Starts the WASM backend: with our kernels, or 'composed' from tfjs's. */
export async function start(kernels: 'own' | 'composed', threads: number): Promise<Backend> {
  const backend = await wasm({ threads })
  if (kernels === 'composed') {
    // The engine's registry is one, whichever package asks for it.
    const { unregisterKernel } = createRequire(new URL('../../packages/ops/package.json', import.meta.url))(
      '@tensorflow/tfjs-core',
    )
    for (const { kernelName } of wasmKernels) {
      if (!stockNames.includes(kernelName)) unregisterKernel(kernelName, 'wasm')
    }
  }
  return backend
}
