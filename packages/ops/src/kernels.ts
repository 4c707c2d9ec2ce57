export {
  type KernelSource,
  kernelSource,
  registerOwnKernel,
  runComposition,
  withCompositions,
} from './kernels/kernel-source.ts'
export { type KernelCall, type KernelObserver, observeKernels } from './kernels/observe-kernels.ts'
