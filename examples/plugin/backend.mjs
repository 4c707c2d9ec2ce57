import { expectOneTfjs } from '@ddnet/ops/kernels'
import { findBackendFactory, registerBackend, removeBackend, setBackend, version_core } from '@tensorflow/tfjs-core'

/**
 * A backend that DDNet does not bring: tfjs's plain JavaScript, which is slow and runs anywhere. All operators run on any backend of
 * tfjs, those without a kernel there as compositions of others; `registerOwnKernel` adds kernels for it.
 *
 * @returns {Promise<import('@ddnet/ops').Backend>}
 */
export async function cpu() {
  expectOneTfjs('cpu', version_core) // other copies of tfjs-core share the engine
  const { MathBackendCPU, version_cpu } = await import('@tensorflow/tfjs-backend-cpu') // registers its kernels
  // Importing it registered the backend too, the first time; what was disposed is registered again.
  if (findBackendFactory('cpu') === null) registerBackend('cpu', () => new MathBackendCPU())
  await setBackend('cpu')
  return { name: 'cpu', device: `JavaScript (tfjs-backend-cpu ${version_cpu})`, dispose: () => removeBackend('cpu') }
}
