import type { Pair } from '@ddnet/ops'
import {
  gather,
  pad,
  slice,
  type Tensor,
  type Tensor4D,
  tensor1d,
  transpose,
  unsortedSegmentSum,
} from '@tensorflow/tfjs-core'
import type { AttributeValue } from './kernel.ts'

/** The attributes of the operator `maxPool2d`; ceil mode's extra rows and columns are in the padding. */
export interface PoolGeometry {
  readonly kernelSize: Pair
  readonly stride: Pair
  readonly padding: readonly [Pair, Pair]
  readonly dilation: Pair
  readonly outputSize: Pair
}

/** The attributes that TensorFlow's two pooling ops share; they have no dilation. */
export const poolAttributes = ({
  kernelSize,
  stride,
  padding: [vertical, horizontal],
}: PoolGeometry): Record<string, AttributeValue> => ({
  ksize: { int: [1, ...kernelSize, 1] },
  strides: { int: [1, ...stride, 1] },
  padding: 'EXPLICIT',
  explicit_paddings: { int: [0, 0, ...vertical, ...horizontal, 0, 0] },
  data_format: 'NHWC',
})

interface Windows {
  readonly x: Tensor4D
  readonly geometry: PoolGeometry
  /** The adjoint of the rewrite: takes a gradient at `x` here to one at the given x. */
  readonly scatter: (dx: Tensor4D) => Tensor4D
}

/**
 * A pooling without dilation that has the same windows: rows and columns are gathered so that each window lies side by
 * side with the next, `[batch, outHeight · kernelHeight, outWidth · kernelWidth, channels]`.
 */
export function denseWindows(x: Tensor4D, geometry: PoolGeometry): Windows {
  const { kernelSize, stride, padding, dilation, outputSize } = geometry
  if (dilation[0] === 1 && dilation[1] === 1) return { x, geometry, scatter: (dx) => dx }
  const padded = pad(x, [[0, 0], [...padding[0]], [...padding[1]], [0, 0]], Number.NEGATIVE_INFINITY)
  const positions = (axis: 0 | 1) =>
    tensor1d(
      Array.from(
        { length: outputSize[axis] * kernelSize[axis] },
        (_, at) => Math.floor(at / kernelSize[axis]) * stride[axis] + (at % kernelSize[axis]) * dilation[axis],
      ),
      'int32',
    )
  const rows = positions(0)
  const columns = positions(1)
  return {
    x: gather(gather(padded, rows, 1), columns, 2),
    geometry: {
      kernelSize,
      stride: kernelSize,
      padding: [
        [0, 0],
        [0, 0],
      ],
      dilation: [1, 1],
      outputSize,
    },
    scatter: (dx) => {
      // [outWidth · kernelWidth, outHeight · kernelHeight, batch, channels] → [width, …] → [height, width, batch, channels]
      const byColumn: Tensor = unsortedSegmentSum(transpose(dx, [2, 1, 0, 3]), columns, padded.shape[2])
      const byRow: Tensor = unsortedSegmentSum(transpose(byColumn, [1, 0, 2, 3]), rows, padded.shape[1])
      const whole = transpose(byRow, [2, 0, 1, 3]) as Tensor4D
      return slice(whole, [0, padding[0][0], padding[1][0], 0], x.shape)
    },
  }
}
