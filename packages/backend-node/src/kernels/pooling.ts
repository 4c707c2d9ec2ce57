import type { Pair } from '@ddnet/ops'
import type { PoolGeometry } from '@ddnet/ops/kernels'
import {
  cast,
  gather,
  mul,
  notEqual,
  pad,
  range,
  reshape,
  slice,
  type Tensor,
  type Tensor4D,
  tensor1d,
  transpose,
  unsortedSegmentSum,
} from '@tensorflow/tfjs-core'
import type { AttributeValue } from './kernel.ts'

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

/** Whether windows have no dilation and see no padding. */
export const isPlain = ({ dilation, padding }: PoolGeometry): boolean =>
  dilation.every((step) => step === 1) && padding.flat().every((size) => size === 0)

/**
 * A pooling without dilation, and on demand without padding, that has the same windows: where they have some, rows and
 * columns are gathered so that each window lies side by side with the next,
 * `[batch, outHeight · kernelHeight, outWidth · kernelWidth, channels]`. Padding is −∞ there.
 */
export function denseWindows(
  x: Tensor4D,
  geometry: PoolGeometry,
  without: 'dilation' | 'padding' = 'dilation',
): Windows {
  const { kernelSize, padding, dilation, outputSize } = geometry
  if (isPlain(geometry) || (without === 'dilation' && dilation[0] === 1 && dilation[1] === 1)) {
    return { x, geometry, scatter: (dx) => dx }
  }
  const padded = pad(x, [[0, 0], [...padding[0]], [...padding[1]], [0, 0]], Number.NEGATIVE_INFINITY)
  const positions = (axis: 0 | 1) =>
    tensor1d(
      places(axis, geometry).map((place) => place + padding[axis][0]),
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

/** Where each element of the dense windows stands along an axis of the input; outside it in the padding. */
const places = (axis: 0 | 1, { kernelSize, stride, padding, dilation, outputSize }: PoolGeometry): number[] =>
  Array.from(
    { length: outputSize[axis] * kernelSize[axis] },
    (_, at) =>
      Math.floor(at / kernelSize[axis]) * stride[axis] + (at % kernelSize[axis]) * dilation[axis] - padding[axis][0],
  )

/**
 * The position `row · width + column` in the input of each element of the dense windows. Padding is the maximum of a
 * window of −∞ alone, and then its first element: it has the position of the first one that is not padding.
 */
export function positionsOfDenseWindows([height, width]: Pair, geometry: PoolGeometry): number[] {
  const inside = (axis: 0 | 1, size: number): number[] => {
    const all = places(axis, geometry)
    const kernel = geometry.kernelSize[axis]
    return all.map((place, at) => {
      const start = at - (at % kernel)
      const isInside = (each: number) => each >= 0 && each < size
      return isInside(place) ? place : (all.slice(start, start + kernel).find(isInside) as number)
    })
  }
  const columns = inside(1, width)
  return inside(0, height).flatMap((row) => columns.map((column) => row * width + column))
}

/** Where x is NaN, its position in the plane, counted from 1, else 0: so the last NaN of a window is its largest. */
export function numberNaNs(x: Tensor4D): Tensor4D {
  const [, height, width] = x.shape
  const positions = cast(reshape(range(1, height * width + 1, 1, 'int32'), [1, height, width, 1]), 'float32')
  return mul(cast(notEqual(x, x), 'float32'), positions)
}
