import type { KernelConfig, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core'
import { type Heap, wasmKernel } from '../kernels/wasm-heap.ts'
import type { ShuffleGeometry } from './pixel-shuffle.ts'

export const pixelShuffleWasm: KernelConfig = wasmKernel<{ x: Tensor4D }, ShuffleGeometry>(
  'pixelShuffle',
  ({ x }, geometry, heap) => {
    const [batch, height, width, channels] = geometry.low
    const y = heap.output([batch, height * geometry.factor, width * geometry.factor, channels])
    run('pixelShuffle', heap, x, y, geometry)
    return y
  },
)

export const pixelUnshuffleWasm: KernelConfig = wasmKernel<{ x: Tensor4D }, ShuffleGeometry>(
  'pixelUnshuffle',
  ({ x }, geometry, heap) => {
    const [batch, height, width, channels] = geometry.low
    const y = heap.output([batch, height, width, channels * geometry.factor ** 2])
    run('pixelUnshuffle', heap, y, x, geometry)
    return y
  },
)

function run(
  kernel: 'pixelShuffle' | 'pixelUnshuffle',
  heap: Heap,
  lowImage: TensorInfo,
  highImage: TensorInfo,
  { low: [batch, height, width, channels], factor }: ShuffleGeometry,
): void {
  const job = heap.write('PixelShuffle', {
    low: heap.address(lowImage),
    high: heap.address(highImage),
    rows: batch * height,
    width,
    channels,
    factor,
  })
  // Below this, another thread wakes later than the work is done.
  if (batch * height * width * channels * factor ** 2 < 16_384) heap.runner.runAlone(kernel, job)
  else heap.runner.run(kernel, job)
}
