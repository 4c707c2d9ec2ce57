import { registerOwnKernel } from '@ddnet/ops/kernels'
import { getKernel, type KernelFunc, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core'

/**
 * Puts another kernel in the place of tfjs's own, which it is given to build on.
 * @returns what puts tfjs's kernel back
 */
export function replaceKernel(kernelName: string, replacement: (stock: KernelFunc) => KernelFunc): () => void {
  const stock = getKernel(kernelName, 'webgpu').kernelFunc
  registerOwnKernel({ kernelName, backendName: 'webgpu', kernelFunc: replacement(stock) })
  return () => {
    unregisterKernel(kernelName, 'webgpu')
    registerKernel({ kernelName, backendName: 'webgpu', kernelFunc: stock })
  }
}

/**
 * Adds a kernel that tfjs has not.
 * @returns what takes it away again
 */
export function addKernel(kernelName: string, kernelFunc: KernelFunc): () => void {
  registerOwnKernel({ kernelName, backendName: 'webgpu', kernelFunc })
  return () => unregisterKernel(kernelName, 'webgpu')
}
