import type { Tensor } from '@tensorflow/tfjs-core'
import { described, expectOperand } from '../checks/expect.ts'
import type { Ranked } from '../checks/ranks.ts'
import { ShapeError } from '../checks/shape-error.ts'

export type Pair = readonly [number, number]
export type Size = number | Pair

/** Geometry of a 2-d convolution, height first; `padding` is `[[top, bottom], [left, right]]`. */
export interface ConvolutionGeometry {
  readonly stride: Pair
  readonly padding: readonly [Pair, Pair]
  readonly dilation: Pair
  readonly groups: number
}

/** How a window steps over images, as kernels take it. */
export const windowFields = ({
  stride,
  padding,
  dilation,
}: Omit<ConvolutionGeometry, 'groups'>): Record<
  'strideHeight' | 'strideWidth' | 'dilationHeight' | 'dilationWidth' | 'top' | 'left',
  number
> => ({
  strideHeight: stride[0],
  strideWidth: stride[1],
  dilationHeight: dilation[0],
  dilationWidth: dilation[1],
  top: padding[0][0],
  left: padding[1][0],
})

/** A `number | pair` option as a pair of integers ≥ `minimum`. */
export function pair(operator: string, option: string, size: Size, minimum: number): Pair {
  const values = (typeof size === 'number' ? [size, size] : size) as Pair | null | undefined
  if (
    !Array.isArray(values) ||
    values.length !== 2 ||
    values.some((value) => !Number.isInteger(value) || value < minimum)
  ) {
    throw new ShapeError(
      `${operator}: expected ${option} to be an integer of at least ${minimum} or a pair of them, got ${described(size)}.`,
    )
  }
  return values
}

/** Checks that a tensor is a float32 of the given rank; `layout` names its axes in the message. */
export function expectTensor<R extends keyof Ranked>(
  operator: string,
  name: string,
  x: Tensor,
  rank: R,
  layout: string,
): asserts x is Ranked[R] {
  expectOperand(operator, name, x)
  if (x.rank !== rank) throw new ShapeError(`${operator}: expected ${name} ${layout}, got shape [${x.shape}].`)
  if (x.dtype !== 'float32') throw new ShapeError(`${operator}: expected ${name} of dtype float32, got ${x.dtype}.`)
}

/** Size along one axis after a convolution: `⌊(size + before + after − dilation·(kernel − 1) − 1) / stride⌋ + 1`. */
export const convolvedSize = (
  size: number,
  kernel: number,
  stride: number,
  [before, after]: Pair,
  dilation: number,
): number => Math.floor((size + before + after - dilation * (kernel - 1) - 1) / stride) + 1

/** PyTorch's `padding='same'` for one axis: the odd pixel goes after. */
export function samePadding(kernel: number, dilation: number): Pair {
  const total = dilation * (kernel - 1)
  return [Math.floor(total / 2), total - Math.floor(total / 2)]
}

export type Padding = Size | 'same' | 'valid'

/** Checks that `groups` divides the channels and fits the filter. */
export function expectGroups(operator: string, groups: number, inChannels: number, outChannels: number): void {
  if (!Number.isInteger(groups) || groups < 1 || inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new ShapeError(
      `${operator}: expected groups to divide the channels (${inChannels} in, ${outChannels} out), got ${groups}.`,
    )
  }
}
