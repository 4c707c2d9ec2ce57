import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { expectOptions, type OptionNames } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { type Pair, pair, type Size } from '../convolution/geometry.ts'
import { expectImages, poolGeometry } from './geometry.ts'
import { defineWindowAverage, type WindowAverage, type WindowAverageOps } from './window-average-op.ts'
import { slidingWindows } from './windows.ts'

export interface AvgPool2dOptions {
  kernelSize: Size
  /** Default: `kernelSize`. */
  stride?: Size
  /** Zeros on each side; at most half the kernel size. */
  padding?: Size
  /** Round the output size up instead of down. A window that would start in the padding after the input is dropped. */
  ceilMode?: boolean
  /** Whether the padding counts as elements; ceil mode's extra rows and columns never do. Default: true. */
  countIncludePad?: boolean
  /** Divides every window's sum, in place of the number of its elements. */
  divisorOverride?: number
}

const avgPool2dOptions: OptionNames<AvgPool2dOptions> = {
  kernelSize: true,
  stride: true,
  padding: true,
  ceilMode: true,
  countIncludePad: true,
  divisorOverride: true,
}

/**
 * The average of each window: `y[n, i, j, c] = Σ x[n, i·s − p + u, j·s − p + v, c] / count`.
 *
 * @param x `[batch, height, width, channels]`, float32
 * @returns `[batch, outHeight, outWidth, channels]`
 * @throws ShapeError if the options do not fit the input
 * @see torch.nn.functional.avg_pool2d
 * @example avgPool2d(x, { kernelSize: 3, stride: 2, padding: 1, countIncludePad: false })
 */
export function avgPool2d(x: Tensor, options: AvgPool2dOptions): Tensor4D {
  expectImages('avgPool2d', 'x', x)
  expectOptions('avgPool2d', options, avgPool2dOptions, '{ kernelSize: 2 }')
  return avgPool2dOps.average({ x }, averageGeometry('avgPool2d', [x.shape[1], x.shape[2]], options))
}

export const avgPool2dOps: WindowAverageOps = defineWindowAverage('avgPool2d')

/** Checks the options and works out the windows for an input of `size`. */
export function averageGeometry(operator: string, size: Pair, options: AvgPool2dOptions): WindowAverage {
  const { countIncludePad = true, divisorOverride } = options
  if (divisorOverride !== undefined && (!Number.isInteger(divisorOverride) || divisorOverride === 0)) {
    throw new ShapeError(
      `${operator}: expected divisorOverride to be an integer other than 0, got ${divisorOverride}. Leave it out to divide by the number of elements.`,
    )
  }
  const { kernelSize, stride, outputSize } = poolGeometry(operator, size, options)
  const padding = pair(operator, 'padding', options.padding ?? 0, 0)
  const windows = (axis: 0 | 1) =>
    slidingWindows(size[axis], outputSize[axis], {
      kernel: kernelSize[axis],
      stride: stride[axis],
      padding: padding[axis],
    })
  return {
    rows: windows(0),
    columns: windows(1),
    margins: countIncludePad ? padding : [0, 0],
    divisor: divisorOverride ?? 0,
  }
}
