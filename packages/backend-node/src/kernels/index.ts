import type { KernelConfig } from '@tensorflow/tfjs-core'
import { adamUpdate, adamUpdates } from './adam-update.ts'
import { avgPool2d, avgPool2dGradient } from './avg-pool2d.ts'
import { batchNorm } from './batch-norm.ts'
import { batchNormGradient } from './batch-norm-gradient.ts'
import { conv2d } from './conv2d.ts'
import { conv2dBackpropInput } from './conv2d-backprop-input.ts'
import { conv2dFilterGradient } from './conv2d-filter-gradient.ts'
import { depthwiseConv2dNative, depthwiseConv2dNativeBackpropInput } from './depthwise-conv2d.ts'
import { exp } from './exp.ts'
import { maxPool2d, maxPool2dOnCpu } from './max-pool2d.ts'
import { maxPool2dGradient, maxPool2dGradientOnCpu } from './max-pool2d-gradient.ts'
import { maxPool2dWithIndices } from './max-pool2d-with-indices.ts'
import { prelu } from './prelu.ts'
import { reluGradient } from './relu-gradient.ts'
import { segmentSum } from './segment-sum.ts'
import { mean, sum } from './sums.ts'

/** Our operators on TensorFlow's own ops, and tfjs-node's kernels repaired. */
export const kernels: readonly KernelConfig[] = [
  adamUpdate,
  adamUpdates,
  avgPool2d,
  avgPool2dGradient,
  conv2dBackpropInput,
  conv2dFilterGradient,
  depthwiseConv2dNative,
  depthwiseConv2dNativeBackpropInput,
  maxPool2d,
  maxPool2dGradient,
  exp,
  prelu,
  reluGradient,
]

/**
 * Kernels for TensorFlow's CPU alone: those of sums add up in levels what its ops there add up one after the other; that of batch
 * norm's gradient reads what ours keeps for it; that of convolution is oneDNN's; those of max pooling wait for a number, which
 * would stop a GPU.
 */
export const cpuKernels: readonly KernelConfig[] = [
  batchNorm,
  batchNormGradient,
  conv2d,
  maxPool2dGradientOnCpu,
  maxPool2dOnCpu,
  maxPool2dWithIndices,
  mean,
  segmentSum,
  sum,
]
