import { engine, getBackend } from '@tensorflow/tfjs-core'
import { BackendUnavailable } from '../kernels/backend.ts'

const starters =
  "Start one first: await wasm() of '@ddnet/backend-wasm', await webgpu() of '@ddnet/backend-webgpu' or await tensorflow() of '@ddnet/backend-node'"

/**
 * Checks that a backend was started. tfjs would start any that happens to be registered, or say that its registry is empty.
 *
 * @throws BackendUnavailable before one is started, and while one starts
 */
export function expectBackend(operator: string): void {
  // What tfjs's types call a string is null until a backend is chosen, and again when that one is removed.
  if (getBackend() == null) throw new BackendUnavailable(`${operator}: no backend is started. ${starters}.`)
  try {
    void engine().backend
  } catch (error) {
    throw new BackendUnavailable(
      `${operator}: the backend ${getBackend()} is still starting. Await it: await ${getBackend()}().`,
      {
        cause: error,
      },
    )
  }
}
