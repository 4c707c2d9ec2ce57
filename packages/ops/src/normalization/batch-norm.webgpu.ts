import type { KernelConfig } from '@tensorflow/tfjs-core'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'
import type { BatchNormInferenceInputs } from './batch-norm-inference-op.ts'
import {
  type BatchNormAttributes,
  type BatchNormGradientAttributes,
  type BatchNormGradientInputs,
  type BatchNormInputs,
  unbiased,
} from './batch-norm-op.ts'
import { type Columns, columnGradients, columnStatistics, normaliseColumns } from './columns.webgpu.ts'

const columnsOf = (size: number, channels: number): Columns => ({
  outer: 1,
  rows: size / channels,
  channels,
  groups: channels,
})

/** Three dispatches: sums over rows, the statistics, and `y`. */
export const batchNormWebgpu: KernelConfig = webgpuKernel<BatchNormInputs, BatchNormAttributes>(
  'batchNorm',
  ({ x, weight, bias, runningMean, runningVar }, { momentum, ...attributes }, gpu) => {
    const columns = columnsOf(x.size, weight.size)
    const { statistics, next } = columnStatistics(gpu, 'batchNorm', x, columns, weight.shape, {
      mean: runningMean,
      variance: runningVar,
      momentum,
      unbiased: unbiased(columns.rows),
    })
    const y = normaliseColumns(gpu, 'batchNorm apply', { x, weight, bias }, statistics, {
      ...columns,
      ...attributes,
    })
    return [y, ...statistics, ...next]
  },
)

export const batchNormGradientWebgpu: KernelConfig = webgpuKernel<BatchNormGradientInputs, BatchNormGradientAttributes>(
  'batchNormGradient',
  ({ dy, x, weight, bias, mean, variance }, attributes, gpu) => {
    const norm = { ...columnsOf(x.size, weight.size), ...attributes }
    return columnGradients(gpu, 'batchNormGradient', { dy, x, weight, bias }, [mean, variance], norm)
  },
)

/** One dispatch. */
export const batchNormInferenceWebgpu: KernelConfig = webgpuKernel<
  BatchNormInferenceInputs,
  BatchNormGradientAttributes
>('batchNormInference', ({ x, weight, bias, mean, variance }, attributes, gpu) => {
  const norm = { ...columnsOf(x.size, weight.size), ...attributes }
  return normaliseColumns(gpu, 'batchNormInference', { x, weight, bias }, [mean, variance], norm)
})
