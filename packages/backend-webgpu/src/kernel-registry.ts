import { registerOwnKernel } from '@ddnet/ops/kernels'
import {
  getKernel,
  type KernelConfig,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core'

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
 * Adds a kernel, or puts it in the place of tfjs's own, which keeps strings: those lie on the host.
 * @returns what takes it away again
 */
export function addKernel(kernel: KernelConfig): () => void {
  const { kernelName } = kernel
  if (getKernel(kernelName, 'webgpu') !== undefined) {
    return replaceKernel(kernelName, (stock) => (call) => (isForeign(call) ? stock : kernel.kernelFunc)(call))
  }
  registerOwnKernel(kernel)
  return () => unregisterKernel(kernelName, 'webgpu')
}

/**
 * Puts a kernel in the place of tfjs's own for integers and truth values; floats stay tfjs's.
 * @returns what puts tfjs's kernel back
 */
export const replaceForIntegers = (kernel: KernelConfig): (() => void) =>
  replaceKernel(
    kernel.kernelName,
    (stock) => (call) => (Object.values(call.inputs).every(isWhole) ? kernel.kernelFunc : stock)(call),
  )

const isWhole = (input: TensorInfo | undefined): boolean => input?.dtype === 'int32' || input?.dtype === 'bool'

/** Strings lie on the host, and pairs of numbers are tfjs's alone. */
const isForeign = ({ inputs, attrs }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap }): boolean =>
  [...Object.values(inputs), attrs].some((each) => each?.['dtype'] === 'string' || each?.['dtype'] === 'complex64')
