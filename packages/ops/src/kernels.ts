export {
  type KernelSource,
  kernelSource,
  registerOwnKernel,
  runComposition,
  withCompositions,
} from './kernels/kernel-source.ts'
export { type KernelCall, type KernelObserver, observeKernels } from './kernels/observe-kernels.ts'
export { expectOneTfjs } from './kernels/one-tfjs.ts'
export { type Heap, wasmKernel } from './kernels/wasm-heap.ts'
export { type Gpu, webgpuKernel } from './kernels/webgpu-kernel.ts'
export type { Binding, BufferType, Program } from './kernels/webgpu-program.ts'
export type { PoolGeometry } from './pooling/geometry.ts'
export type { WindowAverage } from './pooling/window-average-op.ts'
