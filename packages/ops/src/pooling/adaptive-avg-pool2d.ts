import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { described } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'
import type { Pair } from '../convolution/geometry.ts'
import { avgPool2dOps } from './avg-pool2d.ts'
import { expectImages } from './geometry.ts'
import { defineWindowAverage, type WindowAverageOps } from './window-average-op.ts'
import { evenWindows } from './windows.ts'

/** Height and width, or one number for both; `null` keeps the input's. */
export type AdaptiveSize = number | null | readonly [number | null, number | null]

/**
 * The average over `outputSize` windows that cover the image: row i of the result has the rows
 * `⌊i · height / outHeight⌋ … ⌈(i + 1) · height / outHeight⌉ − 1`, and columns likewise.
 *
 * @param x `[batch, height, width, channels]`, float32
 * @returns `[batch, ...outputSize, channels]`
 * @throws ShapeError if `outputSize` is not of positive integers
 * @see torch.nn.functional.adaptive_avg_pool2d
 * @example adaptiveAvgPool2d(x, 1) // [batch, 1, 1, channels]
 */
export function adaptiveAvgPool2d(x: Tensor, outputSize: AdaptiveSize): Tensor4D {
  expectImages('adaptiveAvgPool2d', 'x', x)
  const size: Pair = [x.shape[1], x.shape[2]]
  const [height, width] = adaptiveSize('adaptiveAvgPool2d', size, outputSize)
  const [rows, columns] = [evenWindows(size[0], height), evenWindows(size[1], width)]
  const isSliding = rows.over === 1 && columns.over === 1
  const { average } = isSliding ? avgPool2dOps : adaptiveAvgPool2dOps
  return average({ x }, { rows, columns, margins: [0, 0], divisor: 0 })
}

const adaptiveAvgPool2dOps: WindowAverageOps = defineWindowAverage('adaptiveAvgPool2d')

/** The size that an adaptive pooling of an input of `size` has. */
export function adaptiveSize(operator: string, size: Pair, outputSize: AdaptiveSize): Pair {
  const given = Array.isArray(outputSize) ? outputSize : [outputSize, outputSize]
  const [height, width] = given.map((each, axis) => each ?? size[axis])
  if (given.length !== 2 || [height, width].some((each) => !Number.isInteger(each) || each < 1)) {
    throw new ShapeError(
      `${operator}: expected outputSize to be an integer of at least 1, null, or a pair of them, got ${described(outputSize)}.`,
    )
  }
  return [height, width]
}
