export {
  type KernelSource,
  kernelSource,
  registerOwnKernel,
  runComposition,
  withCompositions,
} from './engine/kernel-source.ts'
export { type KernelCall, type KernelObserver, observeKernels } from './engine/observe-kernels.ts'
