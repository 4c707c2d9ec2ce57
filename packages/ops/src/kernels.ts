export { type KernelSource, kernelSource, registerOwnKernel, withCompositions } from './engine/kernel-source.ts'
export { type KernelCall, type KernelObserver, observeKernels } from './engine/observe-kernels.ts'
