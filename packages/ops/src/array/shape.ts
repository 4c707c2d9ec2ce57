import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { hasOurGradient, registerOwnGradient } from '../autodiff/gradient.ts'
import { stockOp } from '../autodiff/stock-op.ts'
import { expectList, expectOperand } from '../checks/expect.ts'
import { itemAt, tuple } from '../checks/item.ts'
import type { TensorOf } from '../checks/ranks.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { axisOf } from './axes.ts'
import { clone } from './cast.ts'
import { zerosLike } from './create.ts'

type One = { x: Tensor }

const reshapeOp = stockOp<typeof tf.reshape, One>('Reshape', tf.reshape, ['x'], {
  gradient: { x: (dy, { x }) => reshape(dy, x.shape) },
})

/**
 * The same values in another shape; one dimension may be -1.
 *
 * @throws ShapeError if the shape holds another number of values
 * @see torch.reshape
 */
export function reshape<const S extends readonly number[]>(x: Tensor, shape: S): TensorOf<S>
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  expectOperand('reshape', 'x', x)
  expectList('reshape', 'shape', shape)
  const known = tf.util.sizeFromShape(shape.filter((size) => size !== -1))
  const open = shape.filter((size) => size === -1).length
  const fits = open === 0 ? known === x.size : open === 1 && known > 0 && x.size % known === 0
  if (!fits || !shape.every((size) => Number.isInteger(size) && size >= -1)) {
    throw new ShapeError(
      `reshape: expected a shape of ${x.size} values with at most one -1, got [${shape}] for x [${x.shape}].`,
    )
  }
  // tfjs takes -1 for 1 where there are no values.
  return reshapeOp(
    x,
    shape.map((size) => (size === -1 ? x.size / known : size)),
  )
}

const transposeOp = stockOp<typeof tf.transpose, One, { perm: number[] }>('Transpose', tf.transpose, ['x'], {
  saves: [],
  gradient: { x: (dy, _, { perm }) => transpose(dy, tf.backend_util.getUndoAxesPermutation(perm)) },
})

/**
 * Permutes the axes; reverses them when `permutation` is left out.
 *
 * @throws ShapeError if `permutation` does not name every axis once
 * @see torch.permute
 */
export function transpose<T extends Tensor>(x: T, permutation?: readonly number[]): T {
  expectOperand('transpose', 'x', x)
  if (permutation !== undefined) expectList('transpose', 'permutation', permutation)
  const axes = permutation?.map((axis) => axisOf('transpose', x, axis)) ?? [...x.shape.keys()].reverse()
  if (new Set(axes).size !== x.rank || axes.length !== x.rank) {
    throw new ShapeError(
      `transpose: expected each of ${x.rank} axes once, got [${permutation}] for x [${x.shape}]. Name every axis.`,
    )
  }
  if (x.size === 0)
    return reshape(
      x,
      axes.map((axis) => itemAt(x.shape, axis)),
    ) as T
  return transposeOp(x, axes)
}

const sliceOp = stockOp<typeof tf.slice, One, { begin: number[]; size: number[] }>('Slice', tf.slice, ['x'], {
  gradient: {
    x: (dy, { x }, { begin, size }) => {
      const [begins, sizes] = tuple(tf.slice_util.parseSliceParams(x, begin, size), 2)
      return padConstant(
        dy,
        x.shape.map((full, axis): [number, number] => {
          const before = itemAt(begins, axis)
          return [before, full - before - itemAt(sizes, axis)]
        }),
      )
    },
  },
})

/**
 * The part of `x` that begins at `begin` and has `size` (-1 or left out: to the end).
 * Fewer numbers than axes, or one number, mean the first axes; the others are whole.
 *
 * @throws ShapeError if the part does not lie inside `x`
 * @see torch.narrow
 */
export function slice<T extends Tensor>(x: T, begin: number | readonly number[], size?: number | readonly number[]): T {
  expectOperand('slice', 'x', x)
  if (x.rank === 0 && [begin].flat().length === 0) return clone(x)
  const [given, wanted] = [[begin].flat(), size === undefined ? [] : [size].flat()]
  const begins = x.shape.map((_, axis) => given[axis] ?? 0)
  const sizes = x.shape.map((full, axis) => {
    const extent = wanted[axis] ?? -1
    return extent === -1 ? full - itemAt(begins, axis) : extent
  })
  const inside = x.shape.every((full, axis) => {
    const [from, extent] = [itemAt(begins, axis), itemAt(sizes, axis)]
    return Number.isInteger(from) && Number.isInteger(extent) && from >= 0 && extent >= 0 && from + extent <= full
  })
  if (!inside || given.length > x.rank || wanted.length > x.rank) {
    throw new ShapeError(`slice: expected a part of x [${x.shape}], got begin [${given}] and size [${wanted}].`)
  }
  if (sizes.includes(0)) return tf.zeros(sizes, x.dtype) as T
  return sliceOp(x, begins, sizes)
}

const padOp = stockOp<typeof tf.pad, One, { paddings: [number, number][] }>('PadV2', tf.pad, ['x'], {
  gradient: {
    x: (dy, { x }, { paddings }) =>
      slice(
        dy,
        paddings.map(([before]) => before),
        x.shape,
      ),
  },
})

/**
 * Pads with a constant: `[before, after]` for each axis.
 *
 * @throws ShapeError if there is not one pair of non-negative integers for each axis
 * @see torch.nn.functional.pad, which lists the pairs from the last axis and takes negative ones
 */
export function padConstant<T extends Tensor>(
  x: T,
  paddings: readonly (readonly [number, number])[],
  constantValue = 0,
): T {
  expectOperand('padConstant', 'x', x)
  expectList('padConstant', 'paddings', paddings)
  if (
    paddings.length !== x.rank ||
    !paddings.every((pair) => Array.isArray(pair) && pair.length === 2) ||
    paddings.flat().some((each) => !Number.isInteger(each) || each < 0)
  ) {
    throw new ShapeError(
      `padConstant: expected [before, after], both at least 0, for each axis of x [${x.shape}], got ${JSON.stringify(paddings)}.`,
    )
  }
  const shape = x.shape.map((size, axis) => size + sum2(itemAt(paddings, axis)))
  if (x.size === 0) return tf.fill(shape, constantValue, x.dtype as 'float32' | 'int32') as T
  if (x.rank === 0) return clone(x)
  if (x.dtype === 'int32' && Math.abs(constantValue) > 2 ** 24) {
    // tfjs's kernels take the constant in float32.
    return tf.tidy(() => {
      const constant = tf.scalar(constantValue, 'int32')
      return tf.add(padConstant(tf.sub(x, constant), paddings), constant)
    })
  }
  const merged = mergeUnpadded(x.shape, paddings)
  // XNNPACK, which pads on WASM, takes up to six axes.
  if (x.rank <= 6) return padOp(x, paddings as [number, number][], constantValue)
  if (merged.shape.length <= 6) {
    return tf.tidy(() => reshape(padOp(reshape(x, merged.shape), merged.paddings, constantValue), shape) as T)
  }
  // Half of the padded axes, then the others.
  const padded = [...x.shape.keys()].filter((axis) => paddings[axis]?.some((each) => each > 0))
  const later = padded.slice(Math.ceil(padded.length / 2))
  const only = (wanted: boolean) =>
    paddings.map((pair, axis): readonly [number, number] => (later.includes(axis) === wanted ? pair : [0, 0]))
  return tf.tidy(() => padConstant(padConstant(x, only(true), constantValue), only(false), constantValue))
}

const sum2 = ([a, b]: readonly [number, number]): number => a + b

/** Makes one axis of each padded axis and the unpadded ones behind it. */
function mergeUnpadded(shape: readonly number[], paddings: readonly (readonly [number, number])[]) {
  const merged: { shape: number[]; paddings: [number, number][] } = { shape: [1], paddings: [[0, 0]] }
  for (const [axis, size] of shape.entries()) {
    const [before, after] = itemAt(paddings, axis)
    const at = merged.shape.length - 1
    if (before === 0 && after === 0) {
      merged.shape[at] = itemAt(merged.shape, at) * size
      merged.paddings[at] = tuple(
        itemAt(merged.paddings, at).map((each) => each * size),
        2,
      )
    } else {
      merged.shape.push(size)
      merged.paddings.push([before, after])
    }
  }
  return merged
}

/**
 * Joins tensors along `axis`.
 *
 * @throws ShapeError if there are none, their dtypes differ, or their shapes differ in another axis
 * @see torch.cat, which also casts to a common dtype
 */
export function concat<T extends Tensor>(tensors: readonly T[], axis = 0): T {
  const place = expectAlike('concat', tensors, axis, 0)
  const [first, ...others] = tensors as readonly [T, ...T[]]
  for (const other of others) {
    if (other.rank !== first.rank || other.shape.some((size, at) => at !== place && size !== first.shape[at])) {
      throw new ShapeError(
        `concat: expected shapes that are equal but for axis ${place}, got ${tensors.map(({ shape }) => `[${shape}]`).join(' and ')}.`,
      )
    }
  }
  if (others.length === 0) return clone(first)
  ensureListGradient('Concat', (dy, inputs, { axis }) => {
    const sizes = inputs.map((input) => itemAt(input.shape, axis))
    return sizes.map((size, index) => () => {
      if (size === 0) return zerosLike(itemAt(inputs, index))
      const begin = dy.shape.map(() => 0)
      begin[axis] = sizes.slice(0, index).reduce((total, each) => total + each, 0)
      const extent = [...dy.shape]
      extent[axis] = size
      return slice(dy, begin, extent)
    })
  })
  return tf.concat(tensors as T[], place)
}

/**
 * Joins tensors of one shape along a new `axis`.
 *
 * @throws ShapeError if there are none, or their dtypes or shapes differ
 * @see torch.stack
 */
export function stack<T extends Tensor>(tensors: readonly T[], axis = 0): Tensor {
  const place = expectAlike('stack', tensors, axis, 1)
  const first = itemAt(tensors, 0)
  if (tensors.some(({ shape }) => !tf.util.arraysEqual(shape, first.shape))) {
    throw new ShapeError(
      `stack: expected equal shapes, got ${tensors.map(({ shape }) => `[${shape}]`).join(' and ')}. Pad or slice them first.`,
    )
  }
  const shape = first.shape.toSpliced(place, 0, tensors.length)
  if (first.size === 0) return tf.zeros(shape, first.dtype)
  ensureListGradient('Pack', (dy, inputs, { axis }) =>
    inputs.map((input, index) => () => {
      const begin = dy.shape.map((_, each) => (each === axis ? index : 0))
      const extent = dy.shape.map((size, each) => (each === axis ? 1 : size))
      return reshape(slice(dy, begin, extent), input.shape)
    }),
  )
  return tf.stack(tensors as T[], place)
}

/** Checks what concat and stack have in common, and gives the axis as 0 … rank − 1. */
function expectAlike(operator: string, tensors: readonly Tensor[], axis: number, newAxes: number): number {
  expectList(operator, 'tensors', tensors)
  for (const each of tensors) expectOperand(operator, 'each of tensors', each)
  const first = tensors[0]
  if (first === undefined) throw new ShapeError(`${operator}: expected at least one tensor, got none.`)
  if (tensors.some(({ dtype }) => dtype !== first.dtype)) {
    throw new ShapeError(
      `${operator}: expected one dtype, got ${tensors.map(({ dtype }) => dtype).join(', ')}. Cast them first.`,
    )
  }
  return axisOf(operator, first, axis, first.rank + newAxes)
}

type ListGradient = (dy: Tensor, inputs: Tensor[], attributes: { axis: number }) => (() => Tensor)[]

/** Gradients of the kernels whose input is a list, named by position. */
function ensureListGradient(kernelName: string, gradient: ListGradient): void {
  if (hasOurGradient(kernelName)) return
  registerOwnGradient({
    kernelName,
    saveAllInputs: true,
    gradFunc: (dy, saved, attributes) => {
      const axis = itemAt(tf.util.parseAxisParam(Number(attributes['axis']), (dy as Tensor).shape), 0)
      return Object.fromEntries(gradient(dy as Tensor, saved, { axis }).entries())
    },
  })
}
