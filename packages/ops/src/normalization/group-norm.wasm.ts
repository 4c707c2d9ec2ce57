import type { KernelConfig, Tensor, Tensor3D, TensorInfo } from '@tensorflow/tfjs-core'
import { type Heap, wasmKernel } from '../kernels/wasm-heap.ts'
import type { JobOf } from '../kernels/wasm-kernels.ts'
import type { GroupNormAttributes } from './group-norm-op.ts'

/** Rows that are summed in float32 before sums are combined in float64: as many as fill half a first-level cache, up to 512. */
const rowsOf = (channels: number): number => Math.min(512, Math.max(16, Math.floor(4096 / channels)))

/** Into how many chunks the gradient's sums over `outer` are divided: few where each one's sums are long. */
const chunksOf = (outer: number, channels: number): number =>
  Math.min(outer, 64, Math.max(4, Math.floor(2 ** 20 / channels)))

/** What takes less time than to wake another thread. */
const isSmall = (x: Tensor): boolean => x.size < 16_384

/** Single rows in one group have kernels of their own, which read each row where it lies. */
const areRows = ({ shape: [, count] }: Tensor3D, { groups }: GroupNormAttributes): boolean =>
  count === 1 && groups === 1

export const groupNormWasm: KernelConfig = wasmKernel<
  { x: Tensor3D; weight: Tensor; bias: Tensor },
  GroupNormAttributes
>('groupNorm', ({ x, weight, bias }, attributes, heap) => {
  const statistics = [x.shape[0], 1, attributes.groups, 1]
  const [y, mean, variance] = [heap.output(x.shape), heap.output(statistics), heap.output(statistics)] as const
  const job = groupNormJob(heap, attributes, { x, y, mean, variance, weight, bias })
  const kernel = areRows(x, attributes) ? 'layerNorm' : 'groupNorm'
  if (isSmall(x)) heap.runner.runAlone(kernel, job)
  else heap.runner.run(kernel, job)
  return [y, mean, variance]
})

type GradientInputs = Record<'dy' | 'mean' | 'variance', Tensor> & { x: Tensor3D; weight: Tensor; bias: Tensor }

export const groupNormGradientWasm: KernelConfig = wasmKernel<GradientInputs, GroupNormAttributes>(
  'groupNormGradient',
  ({ dy, x, weight, bias, mean, variance }, attributes, heap) => {
    const [dx, dweight, dbias] = [heap.output(x.shape), heap.output(weight.shape), heap.output(bias.shape)] as const
    const gradients = { dy, gradientOfWeight: dweight, gradientOfBias: dbias }
    const job = groupNormJob(heap, attributes, { x, y: dx, mean, variance, weight, bias }, gradients)
    const kernel = areRows(x, attributes) ? 'layerNormGradient' : 'groupNormGradient'
    if (isSmall(x)) heap.runner.runAlone(kernel, job)
    else heap.runner.run(kernel, job)
    heap.runner.runAlone('finishGroupNormGradient', job)
    return [dx, dweight, dbias]
  },
)

type JobTensors = Record<'y' | 'mean' | 'variance' | 'weight' | 'bias', TensorInfo> & { readonly x: Tensor3D }
type JobGradients = Record<'dy' | 'gradientOfWeight' | 'gradientOfBias', TensorInfo>

/** The job of `assembly/group-norm-job.ts`, in the backward pass with gradients. */
function groupNormJob(
  heap: Heap,
  { groups, eps, activation }: GroupNormAttributes,
  { x, y, mean, variance, weight, bias }: JobTensors,
  gradients?: JobGradients,
): JobOf<'groupNorm'> {
  const [outer, count, channels] = x.shape
  const chunks = gradients === undefined ? 1 : chunksOf(outer, channels)
  const chunkOuter = Math.ceil(outer / chunks)
  return heap.write('GroupNorm', {
    x: heap.address(x),
    y: heap.address(y),
    dy: gradients === undefined ? 0 : heap.address(gradients.dy),
    mean: heap.address(mean),
    variance: heap.address(variance),
    weight: heap.address(weight),
    bias: heap.address(bias),
    gradientOfWeight: gradients === undefined ? 0 : heap.address(gradients.gradientOfWeight),
    gradientOfBias: gradients === undefined ? 0 : heap.address(gradients.gradientOfBias),
    outer,
    count,
    channels,
    groups,
    rows: rowsOf(channels),
    scratch: heap.scratch(heap.runner.parts * channels * 40),
    chunkOuter,
    chunks: Math.ceil(outer / chunkOuter),
    partial: gradients === undefined ? 0 : heap.scratch(chunks * channels * 16),
    eps,
    relu: activation === 'relu',
  })
}
