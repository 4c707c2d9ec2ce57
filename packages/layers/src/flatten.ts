import { reshape, ShapeError, type Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { channelsFirst, channelsLast } from './channels-first.ts'
import { Module } from './module.ts'

/**
 * The axes `startDim … endDim` as one, counted and ordered as PyTorch does, with the channels behind the batch, so that weights of a
 * `Linear` behind it fit: `[batch, height, width, channels] → [batch, channels · height · width]`. A result of three axes or more has
 * its channels, the second axis in PyTorch, last again: `new Flatten({ startDim: 2 })` gives `[batch, height · width, channels]`.
 *
 * Tokens `[batch, length, features]` count as a signal with its channels last. Where their order is to stay, `reshape` them.
 *
 * @throws ShapeError if x does not have such axes
 * @see torch.nn.Flatten
 * @example new Sequential(new Conv2d(3, 8, { kernelSize: 3, padding: 1 }), relu, new Flatten(), new Linear(8 * 32 * 32, 10))
 */
export class Flatten extends Module {
  constructor(readonly config: { readonly startDim?: number; readonly endDim?: number } = {}) {
    super()
  }

  override forward(x: Tensor): Tensor {
    const { startDim = 1, endDim = -1 } = this.config
    const [start, end] = [axisOf('Flatten', 'startDim', startDim, x), axisOf('Flatten', 'endDim', endDim, x)]
    if (start > end) {
      throw new ShapeError(`Flatten: expected startDim ≤ endDim, got ${startDim} and ${endDim} for x [${x.shape}].`)
    }
    const first = channelsFirst(x)
    const merged = first.shape.slice(start, end + 1).reduce((product, size) => product * size, 1)
    return channelsLast(reshape(first, [...first.shape.slice(0, start), merged, ...first.shape.slice(end + 1)]))
  }
}

/**
 * One axis as several, the inverse of `Flatten`: counted and ordered as in PyTorch, with the channels behind the batch, and then laid out as
 * images are here.
 *
 * @param dim the axis; 0 the batch, 1 the channels
 * @param sizes what it becomes, in PyTorch's order; one of them may be −1, the size that remains
 * @throws ShapeError if x has no such axis, or the sizes do not fit it
 * @see torch.nn.Unflatten
 * @example new Sequential(new Linear(64, 8 * 4 * 4), new Unflatten(1, [8, 4, 4])) // [batch, 4, 4, 8]: channels, height, width
 */
export class Unflatten extends Module {
  /** @throws RangeError unless sizes are whole numbers above 0, of which one may be −1 */
  constructor(
    readonly dim: number,
    readonly sizes: readonly number[],
  ) {
    super()
    const isSize = (size: number): boolean => Number.isSafeInteger(size) && (size > 0 || size === -1)
    if (sizes.length === 0 || !sizes.every(isSize) || sizes.filter((size) => size === -1).length > 1) {
      throw new RangeError(`Unflatten: expected sizes above 0, of which one may be -1, got [${sizes}].`)
    }
  }

  override forward(x: Tensor): Tensor {
    const axis = axisOf('Unflatten', 'dim', this.dim, x)
    const first = channelsFirst(x)
    const size = itemAt(first.shape, axis)
    const known = this.sizes.reduce((product, each) => (each === -1 ? product : product * each), 1)
    if (this.sizes.includes(-1) ? size % known !== 0 : size !== known) {
      throw new ShapeError(`Unflatten: expected sizes of ${size} in all, got [${this.sizes}] for x [${x.shape}].`)
    }
    const sizes = this.sizes.map((each) => (each === -1 ? size / known : each))
    return channelsLast(reshape(first, [...first.shape.slice(0, axis), ...sizes, ...first.shape.slice(axis + 1)]))
  }
}

function axisOf(layer: string, name: string, given: number, { rank, shape }: Tensor): number {
  const axis = given < 0 ? given + rank : given
  if (Number.isInteger(given) && axis >= 0 && axis < rank) return axis
  throw new ShapeError(`${layer}: expected ${name} in ${-rank} … ${rank - 1} for x [${shape}], got ${given}.`)
}
