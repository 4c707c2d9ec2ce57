import { type Backend, BackendUnavailable } from '@ddnet/ops'
import { wasmKernels } from '@ddnet/ops/wasm'
import { engine, getKernel, registerKernel, removeBackend, setBackend, unregisterKernel } from '@tensorflow/tfjs-core'

export interface WasmOptions {
  /** Where a page finds the `.wasm` files of `@tensorflow/tfjs-backend-wasm`: a folder's URL, or a URL for each file. In Node they are found by themselves. */
  paths?: string | Record<string, string>
}

/**
 * Starts the WebAssembly backend: SIMD where the engine has it, our own kernels where tfjs's are missing or wrong.
 * @throws BackendUnavailable if WebAssembly cannot start here
 */
export async function wasm({ paths }: WasmOptions = {}): Promise<Backend> {
  // Importing the package registers it with the engine, so it is imported here and not above.
  const { setWasmPaths, version_wasm } = await import('@tensorflow/tfjs-backend-wasm')
  if (paths !== undefined) setWasmPaths(paths)
  for (const kernel of wasmKernels) {
    // Ours take the place of stock ones, and are put in place again after a dispose and a new start.
    if (getKernel(kernel.kernelName, 'wasm') !== undefined) unregisterKernel(kernel.kernelName, 'wasm')
    registerKernel(kernel)
  }
  const started = await setBackend('wasm').catch(() => false)
  if (!started) {
    throw new BackendUnavailable(
      `wasm: WebAssembly did not start${paths === undefined ? '' : ` from ${JSON.stringify(paths)}`}. In a page, serve the .wasm files of @tensorflow/tfjs-backend-wasm and give their folder as paths.`,
    )
  }
  const simd = await engineFlag('WASM_HAS_SIMD_SUPPORT')
  return {
    name: 'wasm',
    device: `WebAssembly${simd ? ' with SIMD' : ''}, 1 thread (tfjs-backend-wasm ${version_wasm})`,
    dispose: () => removeBackend('wasm'),
  }
}

const engineFlag = async (name: string): Promise<boolean> => (await engine().ENV.getAsync(name)) === true
