import { ones as onesOf, random, zeros as zerosOf } from '@ddnet/ops'
import type { Initializer } from './parameter.ts'

export const zeros: Initializer = (_, shape) => zerosOf(shape)
export const ones: Initializer = (_, shape) => onesOf(shape)

/** Uniform in [low, high). @see torch.nn.init.uniform_ */
export const uniform =
  (low = 0, high = 1): Initializer =>
  (key, shape) =>
    random.uniform(key, shape, low, high)

/** @see torch.nn.init.normal_ */
export const normal =
  (mean = 0, std = 1): Initializer =>
  (key, shape) =>
    random.normal(key, shape, mean, std)

/**
 * Uniform in ±1 / √fanIn: PyTorch's default for convolutions and linear layers (`kaiming_uniform_(a = √5)` for the weight, the
 * same bound for the bias). @param fanIn how many inputs one output is computed from
 */
export const uniformByFanIn = (fanIn: number): Initializer => {
  const bound = 1 / Math.sqrt(fanIn)
  return uniform(-bound, bound)
}
