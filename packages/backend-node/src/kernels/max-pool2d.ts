import type { PoolGeometry } from '@ddnet/ops/kernels'
import {
  add,
  cast,
  fill,
  greater,
  greaterEqual,
  type KernelConfig,
  mul,
  notEqual,
  sum,
  type Tensor4D,
  where,
} from '@tensorflow/tfjs-core'
import { type Executor, kernel } from './kernel.ts'
import { denseWindows, poolAttributes } from './pooling.ts'

const name = 'maxPool2d'
type Inputs = { x: Tensor4D }

/**
 * TensorFlow's `MaxPool`, repaired where windows hold a NaN, which it takes or not as they come, or nothing but −∞, of
 * which it makes the lowest float32.
 */
export const maxPool2d: KernelConfig = kernel<Inputs, PoolGeometry>(name, (executor, { x }, geometry) =>
  poolRepaired(executor, x, geometry),
)

/** The same where a look at the whole input does not hold up the device: of finite numbers, `MaxPool` alone. */
export const maxPool2dOnCpu: KernelConfig = kernel<Inputs, PoolGeometry>(name, (executor, { x }, geometry) => {
  if (!allFinite(x)) return poolRepaired(executor, x, geometry)
  const y = pool(executor, x, geometry)
  knownFinite.add(y.dataId)
  return y
})

/** Values that `allFinite` need not look at: of finite numbers, the largest are finite. */
const knownFinite = new WeakSet<object>()

/** Waits for the values of `x`. False for finite numbers too where their sum overflows. */
export const allFinite = (x: Tensor4D): boolean => knownFinite.has(x.dataId) || Number.isFinite(sum(x).dataSync()[0])

function pool({ execute }: Executor, x: Tensor4D, geometry: PoolGeometry): Tensor4D {
  const windows = denseWindows(x, geometry)
  return execute('MaxPool', [windows.x], poolAttributes(windows.geometry))
}

function poolRepaired(executor: Executor, x: Tensor4D, geometry: PoolGeometry): Tensor4D {
  // −∞ counts 0, a number 1, a NaN 2.
  const counts: Tensor4D = add(
    cast(greater(x, Number.NEGATIVE_INFINITY), 'float32'),
    mul(cast(notEqual(x, x), 'float32'), 2),
  )
  const largestCount = pool(executor, counts, geometry)
  const largest = pool(executor, x, geometry)
  const numbers = where(greaterEqual(largestCount, 1), largest, fill(largest.shape, Number.NEGATIVE_INFINITY))
  return where(greaterEqual(largestCount, 2), fill(largest.shape, Number.NaN), numbers)
}
