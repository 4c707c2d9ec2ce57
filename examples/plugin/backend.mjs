import { findBackendFactory, registerBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core'

/**
 * A backend that DDNet does not bring: tfjs's plain JavaScript, which is slow and runs anywhere. All operators run on any backend of
 * tfjs, those without a kernel there as compositions of others; `registerOwnKernel` adds kernels for it.
 *
 * @returns {Promise<import('@ddnet/ops').Backend>}
 */
export async function cpu() {
  const { MathBackendCPU, version_cpu } = await import('@tensorflow/tfjs-backend-cpu') // registers its kernels
  // Importing it registered the backend too, the first time; what was disposed is registered again.
  if (findBackendFactory('cpu') === null) registerBackend('cpu', () => new MathBackendCPU())
  await setBackend('cpu')
  return { name: 'cpu', device: `JavaScript (tfjs-backend-cpu ${version_cpu})`, dispose: () => removeBackend('cpu') }
}
