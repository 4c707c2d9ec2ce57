import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core'
import { type Heap, wasmKernel } from '../kernels/wasm-heap.ts'
import type { JobOf } from '../kernels/wasm-kernels.ts'
import type { Structs } from '../kernels/wasm-structs.generated.ts'
import {
  type BatchNormAttributes,
  type BatchNormGradientAttributes,
  type BatchNormGradientInputs,
  type BatchNormInputs,
  unbiased,
} from './batch-norm-op.ts'

/** Rows that are summed in float32 before sums are combined in float64: as many as fill half a first-level cache, up to 512. */
const rowsOfChunk = (channels: number): number => Math.min(512, Math.max(16, Math.floor(4096 / channels)))

export const batchNormWasm: KernelConfig = wasmKernel<BatchNormInputs, BatchNormAttributes>(
  'batchNorm',
  ({ x, weight, bias, runningMean, runningVar }, attributes, heap) => {
    const channels = weight.shape[0]
    const [y, mean, variance] = [heap.output(x.shape), heap.output([channels]), heap.output([channels])] as const
    const job = batchNormJob(heap, attributes, x.size / channels, channels, {
      x: heap.address(x),
      y: heap.address(y),
      mean: heap.address(mean),
      variance: heap.address(variance),
      weight: heap.address(weight),
      bias: heap.address(bias),
    })
    heap.runner.run('sumRows', job)
    heap.runner.runAlone('finishMean', job)
    heap.runner.run('sumSquares', job)
    heap.runner.runAlone('finishVariance', job)
    heap.runner.run('normalize', job)
    const share = attributes.momentum * unbiased(x.size / channels)
    return [
      y,
      mean,
      variance,
      blend(heap, runningMean, 1 - attributes.momentum, mean, attributes.momentum),
      blend(heap, runningVar, 1 - attributes.momentum, variance, share),
    ]
  },
)

/** `a · shareOfA + b · shareOfB`. */
function blend(heap: Heap, a: TensorInfo, shareOfA: number, b: TensorInfo, shareOfB: number): TensorInfo {
  const y = heap.output(a.shape)
  const [as, bs, ys] = [heap.floats(a), heap.floats(b), heap.floats(y)]
  for (let i = 0; i < ys.length; i++) ys[i] = (as[i] as number) * shareOfA + (bs[i] as number) * shareOfB
  return y
}

export const batchNormGradientWasm: KernelConfig = wasmKernel<BatchNormGradientInputs, BatchNormGradientAttributes>(
  'batchNormGradient',
  ({ dy, x, weight, bias, mean, variance }, attributes, heap) => {
    const channels = weight.shape[0]
    const [dx, dweight, dbias] = [heap.output(x.shape), heap.output([channels]), heap.output([channels])] as const
    const job = batchNormJob(heap, attributes, x.size / channels, channels, {
      x: heap.address(x),
      y: heap.address(dx),
      dy: heap.address(dy),
      mean: heap.address(mean),
      variance: heap.address(variance),
      weight: heap.address(weight),
      bias: heap.address(bias),
      gradientOfWeight: heap.address(dweight),
      gradientOfBias: heap.address(dbias),
    })
    heap.runner.runAlone('startGradient', job)
    heap.runner.run('sumGradients', job)
    heap.runner.runAlone('finishGradient', job)
    heap.runner.run('spreadGradient', job)
    return [dx, dweight, dbias]
  },
)

type Addresses = Pick<Structs['BatchNorm'], 'x' | 'y' | 'mean' | 'variance' | 'weight' | 'bias'> &
  Partial<Pick<Structs['BatchNorm'], 'dy' | 'gradientOfWeight' | 'gradientOfBias'>>

/** The job of `assembly/batch-norm.ts`. */
function batchNormJob(
  heap: Heap,
  { eps, activation }: BatchNormGradientAttributes,
  rows: number,
  channels: number,
  { x, y, dy = 0, mean, variance, weight, bias, gradientOfWeight = 0, gradientOfBias = 0 }: Addresses,
): JobOf<'normalize'> {
  const chunkRows = rowsOfChunk(channels)
  const chunks = Math.ceil(rows / chunkRows)
  const row = channels * 4
  return heap.write('BatchNorm', {
    x,
    y,
    dy,
    mean,
    variance,
    weight,
    bias,
    gradientOfWeight,
    gradientOfBias,
    rows,
    channels,
    chunkRows,
    chunks,
    sums: heap.scratch(chunks * row),
    products: heap.scratch(chunks * row),
    scale: heap.scratch(row),
    offset: heap.scratch(row),
    slope: heap.scratch(row),
    eps,
    relu: activation === 'relu',
  })
}
