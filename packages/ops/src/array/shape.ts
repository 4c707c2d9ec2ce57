import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { stockOp } from '../engine/stock-op.ts'
import { sum } from './reduce.ts'

type One = { x: Tensor }

/** The same values in another shape; one dimension may be -1. */
export const reshape: typeof tf.reshape = stockOp<typeof tf.reshape, One>('Reshape', tf.reshape, ['x'], {
  gradient: { x: (dy, { x }) => reshape(dy, x.shape) },
})

/** Permutes the axes (reverses them when `permutation` is omitted). */
export const transpose: typeof tf.transpose = stockOp<typeof tf.transpose, One, { perm: number[] }>(
  'Transpose',
  tf.transpose,
  ['x'],
  {
    saves: [],
    gradient: { x: (dy, _, { perm }) => transpose(dy, tf.backend_util.getUndoAxesPermutation(perm)) },
  },
)

/** Casts to `dtype`. Only a float32 input has a gradient. */
export const cast: typeof tf.cast = stockOp<typeof tf.cast, One>('Cast', tf.cast, ['x'], {
  saves: [],
  gradient: { x: (dy) => clone(dy) },
})

/** A new handle on the same values. */
export const clone: typeof tf.clone = stockOp<typeof tf.clone, One>('Identity', tf.clone, ['x'], {
  saves: [],
  gradient: { x: (dy) => cast(dy, 'float32') },
})

/** The part of `x` that begins at `begin` and has `size` (-1: to the end). */
export const slice: typeof tf.slice = stockOp<
  typeof tf.slice,
  One,
  { begin: number | number[]; size: number | number[] }
>('Slice', tf.slice, ['x'], {
  gradient: {
    x: (dy, { x }, { begin, size }) => {
      const [begins, sizes] = tf.slice_util.parseSliceParams(x, begin, size)
      return padConstant(
        dy,
        x.shape.map((full, axis): [number, number] => {
          const before = begins?.[axis] as number
          return [before, full - before - (sizes?.[axis] as number)]
        }),
      )
    },
  },
})

/** Pads with a constant: `[before, after]` for each axis. */
export const padConstant: typeof tf.pad = stockOp<typeof tf.pad, One, { paddings: [number, number][] }>(
  'PadV2',
  tf.pad,
  ['x'],
  {
    gradient: {
      x: (dy, { x }, { paddings }) =>
        slice(
          dy,
          paddings.map(([before]) => before),
          x.shape,
        ),
    },
  },
)

/** Repeats `x` along each axis. */
export const tile: typeof tf.tile = stockOp<typeof tf.tile, One, { reps: number[] }>('Tile', tf.tile, ['x'], {
  gradient: {
    x: (dy, { x }, { reps }) => {
      // [reps0, size0, reps1, size1, …], summed over the repetitions
      const split = x.shape.flatMap((size, axis) => [reps[axis] as number, size])
      const axes = x.shape.map((_, axis) => 2 * axis)
      return reshape(sum(reshape(dy, split), axes), x.shape)
    },
  },
})

/** Joins tensors along `axis`. */
export const concat: typeof tf.concat = (tensors, axis = 0) => {
  ensureListGradient('Concat', (dy, inputs, { axis }) => {
    const sizes = inputs.map((input) => input.shape[axis] as number)
    return sizes.map((size, index) => () => {
      const begin = dy.shape.map(() => 0)
      begin[axis] = sizes.slice(0, index).reduce((total, each) => total + each, 0)
      const extent = [...dy.shape]
      extent[axis] = size
      return slice(dy, begin, extent)
    })
  })
  return tf.concat(tensors, axis)
}

/** Joins tensors of one shape along a new `axis`. */
export const stack: typeof tf.stack = (tensors, axis = 0) => {
  ensureListGradient('Pack', (dy, inputs, { axis }) =>
    inputs.map((input, index) => () => {
      const begin = dy.shape.map((_, each) => (each === axis ? index : 0))
      const extent = dy.shape.map((size, each) => (each === axis ? 1 : size))
      return reshape(slice(dy, begin, extent), input.shape)
    }),
  )
  return tf.stack(tensors, axis)
}

type ListGradient = (dy: Tensor, inputs: Tensor[], attributes: { axis: number }) => (() => Tensor)[]

/** Gradients of the kernels whose input is a list, named by position. */
function ensureListGradient(kernelName: string, gradient: ListGradient): void {
  if (tf.getGradient(kernelName) !== undefined) return
  tf.registerGradient({
    kernelName,
    saveAllInputs: true,
    gradFunc: (dy, saved, attributes) => {
      const axis = tf.util.parseAxisParam(Number(attributes['axis']), (dy as Tensor).shape)[0] as number
      return Object.fromEntries(gradient(dy as Tensor, saved, { axis }).entries())
    },
  })
}
