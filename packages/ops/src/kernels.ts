export { type KernelSource, kernelSource, registerOwnKernel, withCompositions } from './engine/kernel-source.ts'
