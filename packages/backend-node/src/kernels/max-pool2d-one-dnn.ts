import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import type { Attributes, Executor } from './kernel.ts'
import { executeOneDnn } from './one-dnn.ts'
import { isPlain, type PoolGeometry } from './pooling.ts'

/** Whether oneDNN pools `x`, of finite numbers. Its gradient ends the process where there are no values. */
export const fitsOneDnn = ({ hasOneDnn }: Executor, x: Tensor4D, geometry: PoolGeometry): boolean =>
  hasOneDnn && isPlain(geometry) && x.size > 0

/** oneDNN's max pooling: the maxima, and where they stood, in a form of its own. */
export const oneDnnPool = (executor: Executor, x: Tensor4D, geometry: PoolGeometry): [Tensor4D, Tensor] =>
  executeOneDnn(executor, 'MaxPool', [x], attributesOf(geometry), 2) as [Tensor4D, Tensor]

/** Its gradient. Pooling again for the places costs little: the two take a fifth of the time of `MaxPoolGrad`. */
export function oneDnnPoolGradient(
  executor: Executor,
  { dy, x }: Record<'dy' | 'x', Tensor4D>,
  geometry: PoolGeometry,
): Tensor4D {
  const [y, places] = oneDnnPool(executor, x, geometry)
  return executeOneDnn(executor, 'MaxPoolGrad', [x, y, dy, places], attributesOf(geometry))[0] as Tensor4D
}

const attributesOf = ({ kernelSize, stride }: PoolGeometry): Attributes => ({
  ksize: { int: [1, ...kernelSize, 1] },
  strides: { int: [1, ...stride, 1] },
  padding: 'VALID',
  data_format: 'NHWC',
  workspace_enabled: true,
})
