import type { KernelConfig, Tensor, Tensor3D } from '@tensorflow/tfjs-core'
import { floatWord, type Heap, wasmKernel } from '../kernels/wasm-heap.ts'
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
  const job = groupNormJob(heap, attributes, x, [x, y, undefined, mean, variance, weight, bias, undefined, undefined])
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
    const job = groupNormJob(heap, attributes, x, [x, dx, dy, mean, variance, weight, bias, dweight, dbias])
    const kernel = areRows(x, attributes) ? 'layerNormGradient' : 'groupNormGradient'
    if (isSmall(x)) heap.runner.runAlone(kernel, job)
    else heap.runner.run(kernel, job)
    heap.runner.runAlone('finishGroupNormGradient', job)
    return [dx, dweight, dbias]
  },
)

/** The job of `assembly/group-norm-job.ts`, which has the order of `tensors`. */
function groupNormJob(
  heap: Heap,
  { groups, eps, activation }: GroupNormAttributes,
  { shape: [outer, count, channels] }: Tensor3D,
  tensors: readonly (Parameters<Heap['address']>[0] | undefined)[],
): number {
  const backward = tensors[2] !== undefined
  const chunks = backward ? chunksOf(outer, channels) : 1
  const chunkOuter = Math.ceil(outer / chunks)
  return heap.table([
    ...tensors.map((tensor) => (tensor === undefined ? 0 : heap.address(tensor))),
    outer,
    count,
    channels,
    groups,
    rowsOf(channels),
    heap.scratch(heap.runner.parts * channels * 40),
    chunkOuter,
    Math.ceil(outer / chunkOuter),
    backward ? heap.scratch(chunks * channels * 16) : 0,
    floatWord(eps),
    activation === 'relu' ? 1 : 0,
  ])
}
