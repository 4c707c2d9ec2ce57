import type { PoolGeometry } from '@ddnet/ops/kernels'
import {
  fill,
  floorDiv,
  gather,
  greater,
  type KernelConfig,
  scalar,
  type Tensor,
  type Tensor4D,
  tensor1d,
  where,
  zeros,
} from '@tensorflow/tfjs-core'
import { type Executor, kernel } from './kernel.ts'
import { allFinite } from './max-pool2d.ts'
import { denseWindows, isPlain, numberNaNs, poolAttributes, positionsOfDenseWindows } from './pooling.ts'

/** TensorFlow's `MaxPoolWithArgmax`, over windows side by side where there is padding or dilation, which it has not. */
export const maxPool2dWithIndices: KernelConfig = kernel<{ x: Tensor4D }, PoolGeometry>(
  'maxPool2dWithIndices',
  (executor, { x }, geometry) => {
    if (x.size === 0) {
      const shape = [0, ...geometry.outputSize, x.shape[3]]
      return [zeros(shape), zeros(shape, 'int32')]
    }
    const windows = denseWindows(x, geometry, 'padding')
    const [values, places] = poolWithPlaces(executor, windows.x, windows.geometry)
    let [pooled, found]: [Tensor, Tensor] = [values, places]
    if (!allFinite(x)) {
      const numbers = numberNaNs(windows.x)
      const [last, lastPlaces] = poolWithPlaces(executor, numbers, windows.geometry)
      const broken = greater(last, 0)
      pooled = where(broken, fill(values.shape, Number.NaN), values)
      found = where(broken, lastPlaces, places)
    }
    if (isPlain(geometry)) return [pooled, found]
    const positions = tensor1d(positionsOfDenseWindows([x.shape[1], x.shape[2]], geometry), 'int32')
    return [pooled, gather(positions, found)]
  },
)

/** The maxima, and their positions `row · width + column` in x. */
function poolWithPlaces({ executeAll }: Executor, x: Tensor4D, geometry: PoolGeometry): [Tensor4D, Tensor4D] {
  const { ksize, strides } = poolAttributes(geometry)
  const attributes = {
    ksize,
    strides,
    padding: 'VALID',
    Targmax: { type: 'int32' },
    include_batch_in_index: false,
  } as const
  const [values, places] = executeAll('MaxPoolWithArgmax', [x], attributes as never, 2) as [Tensor4D, Tensor4D]
  return [values, floorDiv(places, scalar(x.shape[3], 'int32'))]
}
