import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { stockOp } from '../autodiff/stock-op.ts'
import { described, expectOperand } from '../checks/expect.ts'
import { tuple } from '../checks/item.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { broadcastShapes } from './axes.ts'
import { expectDtype } from './dtype.ts'
import { broadcastTo } from './rearrange.ts'
import { padConstant, reshape, transpose } from './shape.ts'
import { sum, sumToShape } from './sum.ts'

const matMulOp = stockOp<typeof tf.matMul, { a: Tensor; b: Tensor }, { transposeA: boolean; transposeB: boolean }>(
  'BatchMatMul',
  tf.matMul,
  ['a', 'b'],
  {
    gradient: {
      a: (dy, { a, b }, { transposeA, transposeB }) =>
        sumToShape(transposeA ? matMul(b, dy, transposeB, true) : matMul(dy, b, false, !transposeB), a.shape),
      b: (dy, { a, b }, { transposeA, transposeB }) =>
        sumToShape(transposeB ? matMul(dy, a, true, transposeA) : matMul(a, dy, !transposeA, false), b.shape),
    },
  },
)

/**
 * Matrix product over the last two axes, with broadcasting over the others; either side may be transposed first.
 * `[…, m, k] · […, k, n] → […, m, n]`. A vector `a` is a row and a vector `b` a column, whose axis the result lacks:
 * `[k] · [k] → []`.
 *
 * @throws ShapeError if the inner sizes differ, the first axes do not broadcast, or a side is a scalar or a transposed vector
 * @see torch.matmul
 */
export function matMul<T extends Tensor2D | Tensor3D | Tensor4D>(
  a: T,
  b: T,
  transposeA?: boolean,
  transposeB?: boolean,
): T
export function matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor
export function matMul(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  expectOperand('matMul', 'a', a)
  expectOperand('matMul', 'b', b)
  expectDtype('matMul', 'a', a, 'float32')
  expectDtype('matMul', 'b', b, 'float32')
  for (const [name, given] of Object.entries({ transposeA, transposeB }))
    if (typeof given !== 'boolean')
      throw new ShapeError(`matMul: expected ${name} to be true or false, got ${described(given)}.`)
  if (a.rank === 0 || b.rank === 0 || (a.rank === 1 && transposeA) || (b.rank === 1 && transposeB)) {
    throw new ShapeError(
      `matMul: expected vectors or matrices, and no transposed vector, got [${a.shape}] and [${b.shape}]. Multiply scalars with mul.`,
    )
  }
  if (a.rank === 1) {
    const axis = b.rank === 1 ? -1 : -2
    return tf.tidy(() => dropAxis(matMul(reshape(a, [1, -1]), b, false, transposeB), axis))
  }
  if (b.rank === 1) return tf.tidy(() => dropAxis(matMul(a, reshape(b, [-1, 1]), transposeA, false), -1))
  const [m, k] = lastTwo(a, transposeA)
  const [inner, n] = lastTwo(b, transposeB)
  if (k !== inner) {
    throw new ShapeError(
      `matMul: expected equal inner sizes, got ${k} of a [${a.shape}]${transposeA ? ' transposed' : ''} and ${inner} of b [${b.shape}]${transposeB ? ' transposed' : ''}.`,
    )
  }
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
  const batch = broadcastShapes('matMul', batchA, batchB)
  const shape = [...batch, m, n]
  // tfjs-wasm gives what it finds in memory for a product over no values.
  if (k === 0 || tf.util.sizeFromShape(shape) === 0) return tf.zeros(shape)
  if (b.rank === 2 && a.rank > 2 && !transposeA) {
    return tf.tidy(() => reshape(matMulOp(reshape(a, [-1, k]), b, false, transposeB), shape)) // all rows at once
  }
  if (full(batchA) === 1 && full(batchB) === 1 && k > longest && ['cpu', 'wasm', 'webgpu'].includes(tf.getBackend())) {
    return tf.tidy(() => reshape(inParts(a, b, transposeA, transposeB, k), shape))
  }
  // tfjs's kernels for cpu and wasm repeat a batch of 1, and nothing else.
  const spread = (x: Tensor, own: number[]): Tensor =>
    [1, full(batch)].includes(full(own)) ? x : broadcastTo(x, [...batch, ...x.shape.slice(-2)])
  return tf.tidy(() => matMulOp(spread(a, batchA), spread(b, batchB), transposeA, transposeB))
}

const full = (batch: number[]): number => tf.util.sizeFromShape(batch)

/** How many products kernels that add one by one in float32 add up at a time: tfjs's for cpu and wasm, and WebGPU's. */
const longest = 4096

/** A product over a long inner axis as the sum of those over its parts. */
function inParts(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean, k: number): Tensor {
  const [left, right] = [reshape(a, a.shape.slice(-2)), reshape(b, b.shape.slice(-2))]
  const count = Math.ceil(k / longest)
  const even = count * longest - k
  // [m, k] → [parts, m, longest], and so on; zeros fill the last part.
  const parted = (x: Tensor, innerFirst: boolean): Tensor => {
    const filled = padConstant(
      x,
      innerFirst
        ? [
            [0, even],
            [0, 0],
          ]
        : [
            [0, 0],
            [0, even],
          ],
    )
    if (innerFirst) return reshape(filled, [count, longest, -1])
    return transpose(reshape(filled, [-1, count, longest]), [1, 0, 2])
  }
  return sum(matMulOp(parted(left, transposeA), parted(right, !transposeB), transposeA, transposeB), 0)
}

const dropAxis = (x: Tensor, axis: -1 | -2): Tensor => reshape(x, x.shape.toSpliced(axis, 1))

function lastTwo({ shape }: Tensor, transposed: boolean): [number, number] {
  const [rows, columns] = tuple(shape.slice(-2), 2)
  return transposed ? [columns, rows] : [rows, columns]
}
