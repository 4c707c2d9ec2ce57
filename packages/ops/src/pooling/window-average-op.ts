import type { Tensor4D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp, type Op } from '../autodiff/define-op.ts'
import { invertWindows, type Windows, windowRanges } from './windows.ts'

/** Windows over height and width, and what their sums are divided by. */
export interface WindowAverage {
  readonly rows: Windows
  readonly columns: Windows
  /** Rows and columns of padding that count as elements. */
  readonly margins: readonly [number, number]
  /** Divides every sum, whatever its window's size; 0: the number of elements. */
  readonly divisor: number
}

export interface WindowAverageOps {
  readonly average: Op<{ x: Tensor4D }, WindowAverage, Tensor4D>
  /** The adjoint of `average`: each `dy`, divided as there, is added to all elements of its window. */
  readonly gradient: Op<{ dy: Tensor4D }, WindowAverage, Tensor4D>
}

/** The average over windows, as operators `name` and `nameGradient`: each is the other's gradient. */
export function defineWindowAverage(name: string): WindowAverageOps {
  const average: WindowAverageOps['average'] = defineOp(name, {
    inputs: ['x'],
    forward: ({ x }: { x: Tensor4D }, attributes: WindowAverage) => {
      const { rows, columns } = attributes
      return tf.div(addWindows(addWindows(x, 1, rows), 2, columns), tf.tensor4d(...divisors(attributes)))
    },
    saves: [],
    gradient: { x: (dy, _, attributes) => gradient({ dy }, attributes) },
  })
  const gradient: WindowAverageOps['gradient'] = defineOp(`${name}Gradient`, {
    inputs: ['dy'],
    forward: ({ dy }: { dy: Tensor4D }, attributes: WindowAverage) => {
      const { rows, columns } = attributes
      const shares: Tensor4D = tf.div(dy, tf.tensor4d(...divisors(attributes)))
      return addWindows(addWindows(shares, 1, invertWindows(rows)), 2, invertWindows(columns))
    },
    saves: [],
    gradient: { dy: (g, _, attributes) => average({ x: g }, attributes) },
  })
  return { average, gradient }
}

/** What each row of windows and each column of windows contributes to the divisor: their product. */
export function divisorsByAxis({ rows, columns, margins, divisor }: WindowAverage): [number[], number[]] {
  if (divisor !== 0) return [Array(rows.count).fill(divisor), Array(columns.count).fill(1)]
  const counts = (windows: Windows, margin: number) =>
    // A window without elements has sum 0, whatever divides it.
    windowRanges(windows, margin).map(([start, end]) => Math.max(1, end - start))
  return [counts(rows, margins[0]), counts(columns, margins[1])]
}

function divisors(attributes: WindowAverage): [values: Float32Array, shape: [1, number, number, 1]] {
  const [rows, columns] = divisorsByAxis(attributes)
  const values = rows.flatMap((row) => columns.map((column) => row * column))
  return [Float32Array.from(values), [1, rows.length, columns.length, 1]]
}

/** The sum over each window along `axis`. */
function addWindows(x: Tensor4D, axis: 1 | 2, windows: Windows): Tensor4D {
  const shape = x.shape.with(axis, windows.count) as Tensor4D['shape']
  const ranges = windowRanges(windows)
  const longest = Math.max(...ranges.map(([start, end]) => end - start))
  if (x.size === 0 || longest === 0) return tf.zeros(shape)
  // The elements of all windows side by side, each filled up to `longest` from one row of zeros at the end.
  const elements = ranges.flatMap(([start, end]) =>
    Array.from({ length: longest }, (_, index) => (start + index < end ? start + index : windows.size)),
  )
  const zeros: [number, number] = [0, elements.includes(windows.size) ? 1 : 0]
  const padded =
    zeros[1] === 0
      ? x
      : tf.pad(
          x,
          x.shape.map((_, each) => (each === axis ? zeros : [0, 0])),
        )
  const gathered = tf.gather(padded, tf.tensor1d(elements, 'int32'), axis)
  return tf.sum(tf.reshape(gathered, shape.toSpliced(axis, 1, windows.count, longest)), axis + 1)
}
