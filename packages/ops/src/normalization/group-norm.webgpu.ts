import type { KernelConfig, Tensor, Tensor3D } from '@tensorflow/tfjs-core'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'
import { type Columns, columnGradients, columnStatistics, normaliseColumns } from './columns.webgpu.ts'
import type { GroupNormAttributes } from './group-norm-op.ts'
import { normaliseRows, rowGradients } from './rows.webgpu.ts'

const columnsOf = ({ shape: [outer, rows, channels] }: Tensor3D, groups: number): Columns => ({
  outer,
  rows,
  channels,
  groups,
})

/** One dispatch for single rows (layer norm); otherwise three, as batch norm. */
export const groupNormWebgpu: KernelConfig = webgpuKernel<
  { x: Tensor3D; weight: Tensor; bias: Tensor },
  GroupNormAttributes
>('groupNorm', (affine, attributes, gpu) => {
  const { x } = affine
  const norm = { ...columnsOf(x, attributes.groups), ...attributes }
  const shape = [norm.outer, 1, norm.groups, 1]
  if (norm.rows === 1) return normaliseRows(gpu, 'groupNorm', affine, norm, shape)
  const { statistics } = columnStatistics(gpu, 'groupNorm', x, norm, shape)
  return [normaliseColumns(gpu, 'groupNorm apply', affine, statistics, norm), ...statistics]
})

type GradientInputs = Record<'dy' | 'mean' | 'variance', Tensor> & { x: Tensor3D; weight: Tensor; bias: Tensor }

/** Three dispatches; for single rows `dx` in one, and in two the sums over all rows. */
export const groupNormGradientWebgpu: KernelConfig = webgpuKernel<GradientInputs, GroupNormAttributes>(
  'groupNormGradient',
  ({ mean, variance, ...inputs }, attributes, gpu) => {
    const norm = { ...columnsOf(inputs.x, attributes.groups), ...attributes }
    const gradients = norm.rows === 1 ? rowGradients : columnGradients
    return gradients(gpu, 'groupNormGradient', inputs, [mean, variance], norm)
  },
)
