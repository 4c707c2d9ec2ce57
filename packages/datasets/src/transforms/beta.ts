import { type Key, random } from '@ddnet/ops'

/**
 * A number of the distribution Beta(alpha, alpha), as `X / (X + Y)` of two of Gamma(alpha).
 * Computed from their logarithms, which small values of alpha do not underflow.
 */
export function beta(key: Key, alpha: number): number {
  if (alpha === 1) return random.uniformValues(key, 1)[0] as number
  return 1 / (1 + Math.exp(logGamma(key.fold(1), alpha) - logGamma(key.fold(0), alpha)))
}

/** The logarithm of a number of Gamma(shape). @see Marsaglia and Tsang 2000, "A simple method for generating gamma variables" */
export function logGamma(key: Key, shape: number): number {
  if (shape < 1) return logGamma(key.fold(0), shape + 1) + logUniform(key.fold(1)) / shape
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (let attempt = 0; ; attempt++) {
    const draw = key.fold(attempt)
    const x = random.normalValues(draw.fold(0), 1)[0] as number
    const v = (1 + c * x) ** 3
    if (v > 0 && logUniform(draw.fold(1)) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return Math.log(d * v)
  }
}

/** Of (0, 1], so that it is finite. */
const logUniform = (key: Key): number => Math.log(1 - (random.uniformValues(key, 1)[0] as number))
