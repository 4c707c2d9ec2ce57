import { add, argMax, detach, div, type Key, oneHot, softmax, sub, type Tensor, tensor } from '@ddnet/ops'
import { lastItem } from '@ddnet/ops/checks'

/**
 * Noise of the standard Gumbel distribution, `−log(−log u)` of uniform numbers: `argMax(logits + noise)` is a draw from their softmax. Made on
 * the host, so that backends cannot differ.
 */
export function gumbelNoise(key: Key, shape: readonly number[]): Tensor {
  const size = shape.reduce((product, each) => product * each, 1)
  // The middle of each of 2³² intervals: neither 0 nor 1, whose logarithms are infinite.
  const values = Float32Array.from(key.bits(size), (word) => -Math.log(-Math.log((word + 0.5) * 2 ** -32)))
  return tensor(values, [...shape])
}

export interface GumbelSoftmaxOptions {
  /** How soft it is: near 0 one class has nearly all; 1 by default. */
  readonly temperature?: number
  /** Whether it gives ones and zeros, whose gradient is that of the soft ones (straight through). */
  readonly hard?: boolean
}

/**
 * A draw of one class for each place that can be differentiated: `softmax((logits + noise) / temperature)`, with noise of the Gumbel
 * distribution. The largest of it is class c as often as `softmax(logits)` says.
 *
 * @param logits `[…, classes]`, float32
 * @returns the same shape; the last axis sums to 1
 * @throws RangeError unless the temperature is above 0
 * @see torch.nn.functional.gumbel_softmax; Jang et al. 2017, "Categorical reparameterization with Gumbel-softmax"
 */
export function gumbelSoftmax(
  logits: Tensor,
  key: Key,
  { temperature = 1, hard = false }: GumbelSoftmaxOptions = {},
): Tensor {
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new RangeError(`gumbelSoftmax: expected a temperature above 0, got ${temperature}.`)
  }
  const soft = softmax(div(add(logits, gumbelNoise(key, logits.shape)), temperature))
  if (!hard) return soft
  const chosen = oneHot(argMax(soft, -1), lastItem(logits.shape))
  return add(detach(sub(chosen, soft)), soft)
}
