import { equal, onesLike, pow, type Tensor, where } from '@ddnet/ops'

/**
 * `xᵉ` of probabilities, whose derivatives at 0 are 0: below an exponent of 1 they are infinite there, which makes a NaN of the
 * loss of what is exactly right.
 */
export function powerOf(x: Tensor, exponent: number): Tensor {
  if (exponent === 0) return onesLike(x)
  const isZero = equal(x, 0)
  return where(isZero, 0, pow(where(isZero, 1, x), exponent))
}
