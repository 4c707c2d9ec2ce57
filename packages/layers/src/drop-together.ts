import { dropout, mul, ones, type Tensor } from '@ddnet/ops'
import type { Module } from './module.ts'
import { currentPass } from './pass.ts'

/**
 * In a training pass `x` with what a mask of this shape drops, which broadcasts over x, and the rest divided by `1 − rate`; else x.
 */
export function dropTogether(layer: Module, x: Tensor, rate: number, maskShape: readonly number[]): Tensor {
  const pass = currentPass()
  if (!pass.training || rate === 0) return x
  return mul(x, dropout(ones([...maskShape]), { rate, key: pass.keyOf(layer) }))
}

/** @throws RangeError unless the rate is in [0, 1] */
export function expectRate(layer: string, rate: number): void {
  if (!(rate >= 0 && rate <= 1)) throw new RangeError(`${layer}: expected a rate in [0, 1], got ${rate}.`)
}
