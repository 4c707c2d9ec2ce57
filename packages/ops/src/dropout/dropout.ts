import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core'
import { mul } from '../array/arithmetic.ts'
import { clone } from '../array/cast.ts'

import { defineOp } from '../autodiff/define-op.ts'
import { described, expectOperand, expectOptions } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { placeholder } from '../kernels/on-shapes.ts'
import type { Key } from '../random/key.ts'

export interface DropoutOptions {
  /** The probability that a value is dropped. */
  rate?: number
  /** Decides which ones: the same values on every backend, for the same key. */
  key: Key
  /** Outside training nothing is dropped. */
  training?: boolean
}

/** `x · mask`, of which the backward pass needs the mask alone. */
const dropoutOp = defineOp('dropout', {
  inputs: ['x', 'mask'],
  forward: ({ x, mask }: { x: Tensor; mask: Tensor }): Tensor => mul(x, mask),
  saves: ['mask'],
  gradient: { x: (dy, { mask }) => mul(dy, mask) },
  constants: { mask: 'it is drawn' },
})

/**
 * Drops values at random and scales the others, so that the expectation stays: `y = x · m / (1 − rate)`, where
 * `m = random.bernoulli(key, x.shape, 1 − rate)`.
 *
 * @param x any shape, float32
 * @throws ShapeError if `x` is not float32 or `rate` not in [0, 1]
 * @see torch.nn.functional.dropout; Srivastava et al. 2014
 * @example dropout(x, { rate: 0.1, key: key.fold(step) })
 */
export function dropout<T extends Tensor>(x: T, options: DropoutOptions): T {
  expectOperand('dropout', 'x', x)
  expectOptions('dropout', options, { rate: true, key: true, training: true }, '{ rate: 0.1, key }')
  const { rate = 0.5, key, training = true } = options
  if (x.dtype !== 'float32') throw new ShapeError(`dropout: expected x of dtype float32, got ${x.dtype}.`)
  if (!(rate >= 0 && rate <= 1)) throw new ShapeError(`dropout: expected rate in [0, 1], got ${rate}.`)
  if (!training || rate === 0 || x.size === 0) return clone(x)
  if (typeof key?.bits !== 'function')
    throw new ShapeError(`dropout: expected a key, got ${described(key)}. Make one: random.key(seed).`)
  // Of rate 1 no value is kept, and 1 / 0 is not needed.
  const scale = rate === 1 ? 0 : 1 / (1 - rate)
  const shapesOnly = placeholder(x.shape)
  if (shapesOnly !== undefined) return tidy(() => dropoutOp({ x, mask: shapesOnly }, {}) as T)
  const bits = key.bits(x.size)
  const mask = new Float32Array(x.size)
  // A plain loop, since every value passes through it: the number that `random.uniform` makes of each word is below 1 − rate.
  for (let index = 0; index < mask.length; index++) {
    if (((bits[index] as number) >>> 8) * 2 ** -24 < 1 - rate) mask[index] = scale
  }
  return tidy(() => dropoutOp({ x, mask: tensor(mask, x.shape) }, {}) as T)
}
