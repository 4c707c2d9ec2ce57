import { dropout, type Tensor } from '@ddnet/ops'
import { Module } from './module.ts'
import { currentPass } from './pass.ts'

/**
 * Drops values at random in training, and scales the others so that the expectation stays; in inference it changes nothing.
 * No two of them, and no two calls of one, share a mask in a pass. @see torch.nn.Dropout
 */
export class Dropout extends Module {
  /**
   * @param rate the probability that a value is dropped
   * @throws RangeError unless `rate` is in [0, 1]
   */
  constructor(readonly rate: number = 0.5) {
    super()
    if (!(rate >= 0 && rate <= 1)) throw new RangeError(`Dropout: expected a rate in [0, 1], got ${rate}.`)
  }

  override forward<T extends Tensor>(x: T): T {
    const pass = currentPass()
    return pass.training && this.rate > 0 ? dropout(x, { rate: this.rate, key: pass.keyOf(this) }) : x
  }
}
