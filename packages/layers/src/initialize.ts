import { type Key, random, type Tensor } from '@ddnet/ops'

/**
 * PyTorch's default for convolutions and linear layers: uniform in ±1 / √fanIn
 * (`kaiming_uniform_(a = √5)` for the weight, the same bound for the bias).
 */
export function uniformByFanIn(key: Key, shape: number[], fanIn: number): Tensor {
  const bound = 1 / Math.sqrt(fanIn)
  return random.uniform(key, shape, -bound, bound)
}
