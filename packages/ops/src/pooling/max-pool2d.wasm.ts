import type { KernelConfig, Tensor4D } from '@tensorflow/tfjs-core'
import { type Heap, wasmKernel } from '../kernels/wasm-heap.ts'
import type { PoolGeometry } from './geometry.ts'

export const maxPool2dWasm: KernelConfig = wasmKernel<{ x: Tensor4D }, PoolGeometry>(
  'maxPool2d',
  ({ x }, geometry, heap) => {
    const y = heap.output([x.shape[0], ...geometry.outputSize, x.shape[3]])
    heap.runner.run('maxPool', maxPoolJob(heap, x.shape, geometry, [heap.address(x), heap.address(y), 0, 0, 0]))
    return y
  },
)

export const maxPool2dWithIndicesWasm: KernelConfig = wasmKernel<{ x: Tensor4D }, PoolGeometry>(
  'maxPool2dWithIndices',
  ({ x }, geometry, heap) => {
    const shape = [x.shape[0], ...geometry.outputSize, x.shape[3]]
    const y = heap.output(shape)
    const indices = heap.output(shape, 'int32')
    const addresses = [heap.address(x), heap.address(y), 0, 0, heap.address(indices)]
    heap.runner.run('maxPool', maxPoolJob(heap, x.shape, geometry, addresses))
    return [y, indices]
  },
)

/** tfjs-wasm's own pooling gradient is wrong for negative inputs: its running maximum starts at the smallest positive float. */
export const maxPool2dGradientWasm: KernelConfig = wasmKernel<Record<'dy' | 'x' | 'y', Tensor4D>, PoolGeometry>(
  'maxPool2dGradient',
  ({ dy, x, y }, geometry, heap) => {
    const dx = heap.output(x.shape)
    const addresses = [...[x, y, dy, dx].map((tensor) => heap.address(tensor)), 0]
    heap.runner.run('maxPoolGradient', maxPoolJob(heap, x.shape, geometry, addresses))
    return dx
  },
)

/** The job of `assembly/max-pool.ts`, from the addresses of x, y, dy, dx and indices. */
const maxPoolJob = (
  heap: Heap,
  shape: Tensor4D['shape'],
  { kernelSize, stride, padding, dilation, outputSize }: PoolGeometry,
  addresses: readonly number[],
): number =>
  heap.table([
    ...addresses,
    ...shape,
    ...outputSize,
    ...kernelSize,
    ...stride,
    padding[0][0],
    padding[1][0],
    ...dilation,
    heap.scratch(kernelSize[0] * kernelSize[1] * 4 * heap.runner.parts),
  ])
