import { range, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { softmax } from '../activation/softmax.ts'
import { add, mul } from '../array/arithmetic.ts'
import { broadcastShapes } from '../array/axes.ts'
import { greaterEqual, less } from '../array/compare.ts'
import { logicalNot } from '../array/logical.ts'
import { matMul } from '../array/mat-mul.ts'
import { reshape } from '../array/shape.ts'
import { where } from '../array/where.ts'
import { expectOperand, expectOptions } from '../checks/expect.ts'
import { tuple } from '../checks/item.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { LOWEST, maskedSoftmax } from './masked-softmax.ts'

export interface AttentionOptions {
  /** `[…, length, keys]`, with broadcasting: bool, true where a key takes part, or float32, added to the scores. */
  mask?: Tensor
  /** Query i sees the keys 0 … i alone. */
  causal?: boolean
  /** The factor of the scores (default: `1 / √features`). */
  scale?: number
}

/**
 * Attention `softmax(scale · q kᵀ + mask) v`. A query that no key takes part in gives zeros.
 *
 * @param q `[…, length, features]`, float32; the first axes of the three broadcast
 * @param k `[…, keys, features]`
 * @param v `[…, keys, values]`
 * @returns `[…, length, values]`
 * @throws ShapeError if shapes or dtypes do not fit, or there is a mask beside `causal`
 * @see torch.nn.functional.scaled_dot_product_attention; Vaswani et al. 2017, "Attention is all you need"
 * @example scaledDotProductAttention(q, k, v, { causal: true }) // [batch, heads, length, values]
 */
export function scaledDotProductAttention<T extends Tensor>(q: T, k: T, v: T, options?: AttentionOptions): T
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options?: AttentionOptions): Tensor
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  expectOptions('scaledDotProductAttention', options, { mask: true, causal: true, scale: true })
  const { mask, causal = false, scale } = options
  expectOperand('scaledDotProductAttention', 'q', q)
  expectOperand('scaledDotProductAttention', 'k', k)
  expectOperand('scaledDotProductAttention', 'v', v)
  const lead = expectShapes(q, k, v)
  const [length, features] = tuple(q.shape.slice(-2), 2)
  const [keys, values] = tuple(v.shape.slice(-2), 2)
  const scoresShape = [...lead, length, keys]
  if (mask !== undefined) expectMask(mask, scoresShape, causal)
  if (scale !== undefined && !Number.isFinite(scale)) {
    throw new ShapeError(`scaledDotProductAttention: expected a finite scale, got ${scale}.`)
  }
  const shape = [...lead, length, values]
  if (keys === 0 || shape.includes(0)) return zeros(shape)

  return tidy(() => {
    const scores = matMul(mul(q, scale ?? 1 / Math.sqrt(features)), k, false, true) // […, length, keys]
    return matMul(weigh(scores, mask, causal), v)
  })
}

/** The weights of the values: softmax over the keys that take part. */
function weigh(scores: Tensor, mask: Tensor | undefined, causal: boolean): Tensor {
  const [length, keys] = tuple(scores.shape.slice(-2), 2)
  if (causal) {
    return maskedSoftmax(scores, greaterEqual(reshape(range(0, length), [length, 1]), range(0, keys)))
  }
  if (mask === undefined) return softmax(scores)
  if (mask.dtype === 'bool') return maskedSoftmax(scores, mask)
  // −∞ takes a key out: as a choice and not as a number.
  const kept = logicalNot(less(mask, LOWEST))
  return maskedSoftmax(add(scores, where(kept, mask, 0)), kept)
}

/** Checks the three tensors; the broadcast shape of their first axes. */
function expectShapes(q: Tensor, k: Tensor, v: Tensor): number[] {
  const shapes = `q [${q.shape}], k [${k.shape}] and v [${v.shape}]`
  for (const [name, x] of Object.entries({ q, k, v })) {
    if (x.rank < 2) {
      throw new ShapeError(`scaledDotProductAttention: expected ${name} of two axes or more, got ${shapes}.`)
    }
    if (x.dtype !== 'float32') {
      throw new ShapeError(`scaledDotProductAttention: expected ${name} of dtype float32, got ${x.dtype}.`)
    }
  }
  if (q.shape.at(-1) !== k.shape.at(-1) || k.shape.at(-2) !== v.shape.at(-2)) {
    throw new ShapeError(
      `scaledDotProductAttention: expected q […, length, features], k […, keys, features] and v […, keys, values], got ${shapes}.`,
    )
  }
  return broadcastShapes('scaledDotProductAttention', ...[q, k, v].map(({ shape }) => shape.slice(0, -2)))
}

function expectMask(mask: Tensor, scores: readonly number[], causal: boolean): void {
  if (causal) {
    throw new ShapeError(
      'scaledDotProductAttention: expected a mask or causal, got both. Make the causal part a part of the mask.',
    )
  }
  const lead = scores.length - mask.rank
  const fits = lead >= 0 && mask.shape.every((size, axis) => size === 1 || size === scores[lead + axis])
  if (!fits || (mask.dtype !== 'bool' && mask.dtype !== 'float32')) {
    throw new ShapeError(
      `scaledDotProductAttention: expected a bool or float32 mask that broadcasts to [${scores}], got ${mask.dtype} [${mask.shape}].`,
    )
  }
}
