import { tensorflow } from '@ddnet/backend-node'
import { wasm } from '@ddnet/backend-wasm'
import { webgpu } from '@ddnet/backend-webgpu'
import { testDevice } from '@ddnet/testing/device'
import {
  engine,
  getKernelsForBackend,
  type KernelConfig,
  registerKernel,
  tensor,
  unregisterKernel,
} from '@tensorflow/tfjs-core'
import { stockKernels } from '../../packages/backend-node/src/vendor/tfjs-node.mjs'
import type { BackendName } from './backend-names.ts'

/** The flags that each backend's own start-up sets; tfjs's tests reset all flags in between. */
export const flags: Record<BackendName, Record<string, boolean>> = {
  cpu: {},
  wasm: { WASM_HAS_MULTITHREAD_SUPPORT: false },
  webgpu: { WEBGPU_CPU_FORWARD: false },
  tensorflow: {},
}

/** Starts a backend with our kernels, or with tfjs's alone to compare with. */
export async function start(name: BackendName, kernels: 'ours' | 'stock'): Promise<void> {
  const stock = await starters[name]()
  if (kernels === 'stock' && stock !== undefined) {
    for (const { kernelName } of getKernelsForBackend(name)) unregisterKernel(kernelName, name)
    for (const kernel of stock) registerKernel(kernel)
  }
  keepThroughResets(name)
}

/** Each starts its backend with our kernels and returns tfjs's own. */
const starters: Record<BackendName, () => Promise<readonly KernelConfig[] | undefined>> = {
  cpu: async () => {
    await import('@tensorflow/tfjs-backend-cpu')
    await engine().setBackend('cpu')
    return undefined
  },
  wasm: async () => {
    await import('@tensorflow/tfjs-backend-wasm')
    const stock = getKernelsForBackend('wasm')
    await wasm()
    return stock
  },
  webgpu: async () => {
    await import('@tensorflow/tfjs-backend-webgpu')
    const stock = getKernelsForBackend('webgpu')
    await webgpu()
    return stock
  },
  tensorflow: async () => {
    await tensorflow({ device: testDevice() })
    return stockKernels
  },
}

/** Every block of tfjs's tests resets the engine; the backend under test stays, with what it has compiled. */
function keepThroughResets(name: BackendName): void {
  const { registry } = engine()
  const reset = engine().reset.bind(engine())
  engine().reset = () => {
    const backend = registry[name]
    delete registry[name]
    reset()
    if (backend !== undefined) registry[name] = backend
  }
}

/** What a device refuses it may tell in several errors; the late ones must not fail the next test. */
export async function settle(): Promise<void> {
  const x = tensor([0])
  await x.data().catch(() => {})
  x.dispose()
}
