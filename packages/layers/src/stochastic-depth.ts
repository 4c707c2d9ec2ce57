import type { Tensor } from '@ddnet/ops'
import { dropTogether, expectRate } from './drop-together.ts'
import { Module } from './module.ts'

/**
 * Drops whole samples of a residual branch in training, and scales the others by `1 / (1 − rate)`, so that a deep network is trained as
 * many shallower ones; in inference it changes nothing. `[batch, …]`, any shape.
 *
 * @see torchvision.ops.StochasticDepth; Huang et al. 2016, "Deep networks with stochastic depth"
 * @example new Residual(new Sequential(conv, norm, new StochasticDepth(0.1)))
 */
export class StochasticDepth extends Module {
  /**
   * @param rate the probability that the branch is dropped
   * @param mode of each sample by itself ('row'), or of the whole batch at once ('batch')
   * @throws RangeError for a rate outside of [0, 1], or another mode
   */
  constructor(
    readonly rate: number,
    readonly mode: 'row' | 'batch' = 'row',
  ) {
    super()
    expectRate('StochasticDepth', rate)
    if (mode !== 'row' && mode !== 'batch') {
      throw new RangeError(`StochasticDepth: expected mode 'row' or 'batch', got '${mode satisfies never}'.`)
    }
  }

  override forward(x: Tensor): Tensor {
    return dropTogether(
      this,
      x,
      this.rate,
      x.shape.map((size, axis) => (axis === 0 && this.mode === 'row' ? size : 1)),
    )
  }
}
