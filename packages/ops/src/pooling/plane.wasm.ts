import type { KernelConfig, Tensor4D } from '@tensorflow/tfjs-core'
import { type Heap, wasmKernel } from '../kernels/wasm-heap.ts'
import type { PlaneSize } from './plane-op.ts'

export const gatherPlaneWasm: KernelConfig = wasmKernel<{ x: Tensor4D; indices: Tensor4D }, object>(
  'gatherPlane',
  ({ x, indices }, _, heap) => {
    const y = heap.output(indices.shape)
    const addresses = [heap.address(x), heap.address(y), heap.address(indices)]
    heap.runner.run('gatherPlane', planeJob(heap, indices.shape, [x.shape[1], x.shape[2]], addresses, true))
    return y
  },
)

export const scatterPlaneWasm: KernelConfig = wasmKernel<{ dy: Tensor4D; indices: Tensor4D }, PlaneSize>(
  'scatterPlane',
  ({ dy, indices }, { size }, heap) => {
    const sums = heap.output([indices.shape[0], ...size, indices.shape[3]])
    const addresses = [heap.address(sums), heap.address(dy), heap.address(indices)]
    heap.runner.run('scatterPlane', planeJob(heap, indices.shape, size, addresses, true))
    return sums
  },
)

export const maxUnpool2dWasm: KernelConfig = wasmKernel<{ values: Tensor4D; indices: Tensor4D }, PlaneSize>(
  'maxUnpool2d',
  ({ values, indices }, { size }, heap) => {
    const y = heap.output([indices.shape[0], ...size, indices.shape[3]])
    const addresses = [heap.address(y), heap.address(values), heap.address(indices)]
    heap.runner.run('scatterPlane', planeJob(heap, indices.shape, size, addresses, false))
    return y
  },
)

/** The job of `assembly/plane.ts`, from the addresses of its large tensor, its small one and the indices. */
const planeJob = (
  heap: Heap,
  [batch, height, width, channels]: Tensor4D['shape'],
  size: PlaneSize['size'],
  addresses: readonly number[],
  adds: boolean,
): number => heap.table([...addresses, batch, size[0] * size[1], height * width, channels, adds ? 1 : 0])
