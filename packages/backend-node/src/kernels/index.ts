import type { KernelConfig } from '@tensorflow/tfjs-core'
import { adamUpdate } from './adam-update.ts'
import { batchNorm } from './batch-norm.ts'
import { batchNormGradient } from './batch-norm-gradient.ts'
import { conv2d } from './conv2d.ts'
import { conv2dFilterGradient } from './conv2d-filter-gradient.ts'
import { conv2dInputGradient } from './conv2d-input-gradient.ts'
import { exp } from './exp.ts'
import { maxPool2d } from './max-pool2d.ts'
import { maxPool2dGradient } from './max-pool2d-gradient.ts'
import { prelu } from './prelu.ts'

/** Our operators on TensorFlow's own ops, and tfjs-node's kernels repaired. */
export const kernels: readonly KernelConfig[] = [
  adamUpdate,
  conv2d,
  conv2dInputGradient,
  conv2dFilterGradient,
  maxPool2d,
  maxPool2dGradient,
  exp,
  prelu,
]

/** Kernels that read what TensorFlow's CPU keeps for the backward pass; its GPU keeps something else there. */
export const cpuKernels: readonly KernelConfig[] = [batchNorm, batchNormGradient]
