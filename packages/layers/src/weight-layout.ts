import { itemAt } from '@ddnet/ops/checks'

/**
 * What the axes of a weight mean:
 *
 * | layout             | in memory                           | in files, as in PyTorch             |
 * | ------------------ | ----------------------------------- | ----------------------------------- |
 * | `linear`           | `[out, in]`                         | the same                            |
 * | `filter`           | `[…kernel, in / groups, out]`       | `[out, in / groups, …kernel]`       |
 * | `transposedFilter` | `[…kernel, out / groups, in]`       | `[in, out / groups, …kernel]`       |
 */
export type WeightLayout = 'linear' | 'filter' | 'transposedFilter'

export const isFilter = (layout: WeightLayout | undefined): boolean =>
  layout === 'filter' || layout === 'transposedFilter'

const axesOf = (rank: number): number[] => Array.from({ length: rank }, (_, axis) => axis)

/** Which of our axes each axis of PyTorch's is. */
export function toTorchOrder(layout: WeightLayout | undefined, rank: number): number[] {
  return isFilter(layout) ? [rank - 1, rank - 2, ...axesOf(rank - 2)] : axesOf(rank)
}

/** Which of PyTorch's axes each of ours is. */
export function fromTorchOrder(layout: WeightLayout | undefined, rank: number): number[] {
  return isFilter(layout) ? [...axesOf(rank).slice(2), 1, 0] : axesOf(rank)
}

/** The axis of the outputs, or of the outputs of a group. */
export const outputAxis = (layout: WeightLayout, rank: number): number =>
  layout === 'linear' ? 0 : layout === 'filter' ? rank - 1 : rank - 2

export interface Fans {
  /** How many values one output is computed from. */
  readonly fanIn: number
  /** How many outputs one value takes part in. */
  readonly fanOut: number
}

/**
 * Fans of a weight by what its axes mean, with PyTorch's numbers: `linear` `{ in, out }`, `filter`
 * `{ in / groups · kernel, out · kernel }`. A transposed convolution has those of the convolution that it is the adjoint of, the
 * other way about: `{ out / groups · kernel, in · kernel }`. With stride s its outputs are computed from
 * `in / groups · kernel / s²` values each, so for it `mode: 'fanOut'` is the nearer one.
 *
 * @throws RangeError without a layout: a shape alone does not tell in from out
 * @see torch.nn.init._calculate_fan_in_and_fan_out
 */
export function fansOf(shape: readonly number[], layout: WeightLayout | undefined): Fans {
  if (layout === undefined) {
    throw new RangeError(
      `expected a weight whose axes are known, got [${shape}] without a layout, which has no fan-in. Take 'normal' or 'constant' for it, or name its layout: new Parameter(shape, { layout: 'linear' }).`,
    )
  }
  const torchShape = toTorchOrder(layout, shape.length).map((axis) => itemAt(shape, axis))
  const area = torchShape.slice(2).reduce((product, size) => product * size, 1)
  return { fanIn: itemAt(torchShape, 1) * area, fanOut: itemAt(torchShape, 0) * area }
}
