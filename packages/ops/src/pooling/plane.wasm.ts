import type { KernelConfig, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core'
import { type Heap, wasmKernel } from '../kernels/wasm-heap.ts'
import type { JobOf } from '../kernels/wasm-kernels.ts'
import type { PlaneSize } from './plane-op.ts'

export const gatherPlaneWasm: KernelConfig = wasmKernel<{ x: Tensor4D; indices: Tensor4D }, object>(
  'gatherPlane',
  ({ x, indices }, _, heap) => {
    const y = heap.output(indices.shape)
    heap.runner.run('gatherPlane', planeJob(heap, x, y, indices, [x.shape[1], x.shape[2]], true))
    return y
  },
)

export const scatterPlaneWasm: KernelConfig = wasmKernel<{ dy: Tensor4D; indices: Tensor4D }, PlaneSize>(
  'scatterPlane',
  ({ dy, indices }, { size }, heap) => {
    const sums = heap.output([indices.shape[0], ...size, indices.shape[3]])
    heap.runner.run('scatterPlane', planeJob(heap, sums, dy, indices, size, true))
    return sums
  },
)

export const maxUnpool2dWasm: KernelConfig = wasmKernel<{ values: Tensor4D; indices: Tensor4D }, PlaneSize>(
  'maxUnpool2d',
  ({ values, indices }, { size }, heap) => {
    const y = heap.output([indices.shape[0], ...size, indices.shape[3]])
    heap.runner.run('scatterPlane', planeJob(heap, y, values, indices, size, false))
    return y
  },
)

/** The job of `assembly/plane.ts`; `size` is that of the planes of the large tensor. */
function planeJob(
  heap: Heap,
  large: TensorInfo,
  small: TensorInfo,
  indices: Tensor4D,
  size: PlaneSize['size'],
  adds: boolean,
): JobOf<'gatherPlane' | 'scatterPlane'> {
  const [batch, height, width, channels] = indices.shape
  return heap.write('Plane', {
    large: heap.address(large),
    small: heap.address(small),
    indices: heap.address(indices),
    batch,
    plane: size[0] * size[1],
    count: height * width,
    channels,
    adds,
  })
}
