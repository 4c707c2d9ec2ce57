import type { PoolGeometry } from '@ddnet/ops/kernels'
import { add, type KernelConfig, maximum, notEqual, type Tensor4D, where, zerosLike } from '@tensorflow/tfjs-core'
import { type Executor, kernel } from './kernel.ts'
import { allFinite } from './max-pool2d.ts'
import { denseWindows, numberNaNs, poolAttributes } from './pooling.ts'

const name = 'maxPool2dGradient'
type Inputs = Record<'dy' | 'x' | 'y', Tensor4D>

/** TensorFlow's `MaxPoolGrad`: each gradient goes to the first maximum of its window, row by row. */
export const maxPool2dGradient: KernelConfig = kernel<Inputs, PoolGeometry>(name, (executor, { dy, x, y }, geometry) =>
  gradient(executor, { dy, x: aboveInfinity(x, geometry), y: aboveInfinity(y, geometry) }, geometry),
)

/** The same, and for windows of NaNs, where `MaxPoolGrad` chooses as they come, to the last NaN. Waits for `y`. */
export const maxPool2dGradientOnCpu: KernelConfig = kernel<Inputs, PoolGeometry>(
  name,
  (executor, { dy, x, y }, geometry) => {
    const known = { x: aboveInfinity(x, geometry), y: aboveInfinity(y, geometry) }
    if (allFinite(y)) return gradient(executor, { dy, ...known }, geometry)
    const broken = notEqual(y, y)
    const none = zerosLike(dy)
    const ofNumbers = gradient(executor, { dy: where(broken, none, dy), ...known }, geometry)
    const ofNaNs = gradient(executor, { dy: where(broken, dy, none), x: numberNaNs(x), y }, geometry)
    return add(ofNumbers, ofNaNs)
  },
)

function gradient({ execute }: Executor, { dy, x, y }: Inputs, geometry: PoolGeometry): Tensor4D {
  const windows = denseWindows(x, geometry)
  return windows.scatter(execute('MaxPoolGrad', [windows.x, y, dy], poolAttributes(windows.geometry)))
}

/** Dense windows have their padding of −∞ among their elements: it must lose against all of them. */
const aboveInfinity = (x: Tensor4D, { dilation }: PoolGeometry): Tensor4D =>
  dilation.some((step) => step > 1) ? maximum(x, lowest) : x

/** The lowest finite float32. */
const lowest = -((2 - 2 ** -23) * 2 ** 127)
