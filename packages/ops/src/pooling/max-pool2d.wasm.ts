import type { KernelConfig, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core'
import { type Heap, wasmKernel } from '../kernels/wasm-heap.ts'
import type { JobOf } from '../kernels/wasm-kernels.ts'
import { type PoolGeometry, poolFields } from './geometry.ts'

export const maxPool2dWasm: KernelConfig = wasmKernel<{ x: Tensor4D }, PoolGeometry>(
  'maxPool2d',
  ({ x }, geometry, heap) => {
    const y = heap.output([x.shape[0], ...geometry.outputSize, x.shape[3]])
    heap.runner.run('maxPool', maxPoolJob(heap, geometry, { x, y }))
    return y
  },
)

export const maxPool2dWithIndicesWasm: KernelConfig = wasmKernel<{ x: Tensor4D }, PoolGeometry>(
  'maxPool2dWithIndices',
  ({ x }, geometry, heap) => {
    const shape = [x.shape[0], ...geometry.outputSize, x.shape[3]]
    const y = heap.output(shape)
    const indices = heap.output(shape, 'int32')
    heap.runner.run('maxPool', maxPoolJob(heap, geometry, { x, y, indices }))
    return [y, indices]
  },
)

/** tfjs-wasm's own pooling gradient is wrong for negative inputs: its running maximum starts at the smallest positive float. */
export const maxPool2dGradientWasm: KernelConfig = wasmKernel<Record<'dy' | 'x' | 'y', Tensor4D>, PoolGeometry>(
  'maxPool2dGradient',
  ({ dy, x, y }, geometry, heap) => {
    const dx = heap.output(x.shape)
    heap.runner.run('maxPoolGradient', maxPoolJob(heap, geometry, { x, y, dy, dx }))
    return dx
  },
)

interface PoolTensors {
  readonly x: Tensor4D
  readonly y: TensorInfo
  readonly dy?: TensorInfo
  readonly dx?: TensorInfo
  readonly indices?: TensorInfo
}

/** The job of `assembly/max-pool.ts`. */
function maxPoolJob(
  heap: Heap,
  geometry: PoolGeometry,
  { x, y, dy, dx, indices }: PoolTensors,
): JobOf<'maxPool' | 'maxPoolGradient'> {
  const [batch, height, width, channels] = x.shape
  return heap.write('MaxPool', {
    x: heap.address(x),
    y: heap.address(y),
    dy: dy === undefined ? 0 : heap.address(dy),
    dx: dx === undefined ? 0 : heap.address(dx),
    indices: indices === undefined ? 0 : heap.address(indices),
    batch,
    height,
    width,
    channels,
    ...poolFields(geometry),
    taps: heap.scratch(geometry.kernelSize[0] * geometry.kernelSize[1] * 4 * heap.runner.parts),
  })
}
