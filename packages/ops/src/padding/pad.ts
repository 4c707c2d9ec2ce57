import { type Tensor, tidy } from '@tensorflow/tfjs-core'
import { clone } from '../array/cast.ts'
import { padConstant, reshape, slice } from '../array/shape.ts'
import { expectList, expectOperand, expectOptions } from '../checks/expect.ts'
import { itemAt, lastItem } from '../checks/item.ts'
import { ShapeError } from '../checks/shape-error.ts'
import type { Pair } from '../convolution/geometry.ts'
import { type AxisTable, selection } from '../resampling/axis-table.ts'
import { resampleAxis } from '../resampling/resample-axis.ts'

export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular'

export interface PadOptions {
  /** Default: 'constant'. */
  mode?: PadMode
  /** What 'constant' pads with; default 0. */
  value?: number
}

/**
 * Pads `[before, after]` elements to each axis of `x`; a negative number cuts elements off.
 *
 * The new elements are a `value` ('constant'), the nearest one of the edge ('replicate'), the axis mirrored at its first
 * and last element, which are not repeated ('reflect'), or the axis repeated ('circular'; after cutting).
 *
 * @param x any shape; float32, or any dtype with mode 'constant'
 * @param paddings one pair for each axis of `x`, in order (PyTorch's list begins with the last axis)
 * @throws ShapeError if a mode cannot fill the padding: 'reflect' needs less than the axis' size, 'circular' at most it
 * @see torch.nn.functional.pad
 * @example pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], { mode: 'reflect' })
 */
export function pad<T extends Tensor>(x: T, paddings: readonly Pair[], options: PadOptions = {}): T {
  expectOperand('pad', 'x', x)
  expectList('pad', 'paddings', paddings)
  expectOptions('pad', options, { mode: true, value: true })
  const { mode = 'constant', value = 0 } = options
  expectPaddings(x, paddings)
  if (mode === 'constant') return tidy(() => padWithValue(x, paddings, value))
  if (sourceOf[mode] === undefined) {
    throw new ShapeError(`pad: expected a mode of constant, ${Object.keys(sourceOf).join(', ')}, got '${mode}'.`)
  }
  if (options.value !== undefined) {
    throw new ShapeError(`pad: mode '${mode}' takes no value, got ${value}. Leave it out, or use mode 'constant'.`)
  }
  if (x.dtype !== 'float32') {
    throw new ShapeError(`pad: mode '${mode}' expects x of dtype float32, got ${x.dtype}. Cast it first.`)
  }
  const tables = paddings.map((padding, axis) => paddingTable(x, axis, padding, mode))
  return tidy(() => {
    const y = tables.reduce((padded, table, axis) => resampleAxis(padded, table, axis), x)
    return y === x ? clone(x) : y
  })
}

function expectPaddings(x: Tensor, paddings: readonly Pair[]): void {
  const fits = paddings.length === x.rank && paddings.every((padding) => padding.length === 2)
  if (!fits || !paddings.flat().every(Number.isInteger)) {
    throw new ShapeError(
      `pad: expected a pair of integers for each axis of x, shape [${x.shape}], got ${JSON.stringify(paddings)}.`,
    )
  }
  for (const [axis, [before, after]] of paddings.entries()) {
    if (itemAt(x.shape, axis) + before + after < 0) {
      throw new ShapeError(
        `pad: padding [${before}, ${after}] cuts more than axis ${axis} has (shape [${x.shape}]). Cut less.`,
      )
    }
  }
}

/** The element that each mode shows at position `at`, outside or inside of an axis of `size`. */
const sourceOf: Record<Exclude<PadMode, 'constant'>, (at: number, size: number) => number> = {
  reflect: (at, size) => {
    const below = Math.abs(at)
    return below < size ? below : 2 * (size - 1) - below
  },
  replicate: (at, size) => Math.max(0, Math.min(at, size - 1)),
  circular: (at, size) => (at + size) % size,
}

function paddingTable(x: Tensor, axis: number, [before, after]: Pair, mode: Exclude<PadMode, 'constant'>): AxisTable {
  const size = itemAt(x.shape, axis)
  // Circular padding repeats what cutting has left.
  const first = mode === 'circular' ? Math.max(0, -before) : 0
  const kept = mode === 'circular' ? size - first - Math.max(0, -after) : size
  const most = Math.max(before, after)
  const limit = { reflect: size - 1, circular: kept, replicate: size > 0 ? Number.POSITIVE_INFINITY : 0 }[mode]
  if (most > 0 && most > limit) {
    throw new ShapeError(
      `pad: mode '${mode}' fills at most ${limit} elements on each side of axis ${axis} of shape [${x.shape}], got [${before}, ${after}]. Pad less, or use mode 'constant'.`,
    )
  }
  const sources = Array.from({ length: size + before + after }, (_, index) => {
    const at = index - before
    return first + sourceOf[mode](at - first, kept)
  })
  return selection(size, sources)
}

/** Cuts, then pads the groups of neighbouring axes that need it, so that no more than a few axes reach the kernel. */
function padWithValue<T extends Tensor>(x: T, paddings: readonly Pair[], value: number): T {
  const cut = paddings.flat().some((padding) => padding < 0)
    ? slice(
        x,
        paddings.map(([before]) => Math.max(0, -before)),
        paddings.map(([before, after], axis) => itemAt(x.shape, axis) + Math.min(0, before) + Math.min(0, after)),
      )
    : x
  const shape: number[] = []
  const grown: [number, number][] = []
  for (const [axis, [before, after]] of paddings.entries()) {
    const padding: [number, number] = [Math.max(0, before), Math.max(0, after)]
    const plain = padding[0] === 0 && padding[1] === 0
    const last = grown.at(-1)
    if (plain && last?.[0] === 0 && last[1] === 0) {
      shape[shape.length - 1] = lastItem(shape) * itemAt(cut.shape, axis)
    } else {
      shape.push(itemAt(cut.shape, axis))
      grown.push(padding)
    }
  }
  if (grown.flat().every((padding) => padding === 0)) return cut === x ? clone(x) : cut
  const full = x.shape.map((size, axis) => size + itemAt(paddings, axis)[0] + itemAt(paddings, axis)[1])
  return reshape(padConstant(reshape(cut, shape), grown, value), full) as T
}
