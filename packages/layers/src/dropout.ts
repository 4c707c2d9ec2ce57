import { dropout, ShapeError, type Tensor } from '@ddnet/ops'
import { itemAt, lastItem } from '@ddnet/ops/checks'
import { dropTogether, expectRate } from './drop-together.ts'
import { Module } from './module.ts'
import { currentPass } from './pass.ts'

/**
 * Drops values at random in training, and scales the others by `1 / (1 − rate)`, so that the expectation stays; in inference it changes
 * nothing. No two of them, and no two calls of one, share a mask in a pass. @see torch.nn.Dropout; Srivastava et al. 2014
 */
export class Dropout extends Module {
  /**
   * @param rate the probability that a value is dropped
   * @throws RangeError unless `rate` is in [0, 1]
   */
  constructor(readonly rate: number = 0.5) {
    super()
    expectRate('Dropout', rate)
  }

  override forward<T extends Tensor>(x: T): T {
    const pass = currentPass()
    return pass.training && this.rate > 0 ? dropout(x, { rate: this.rate, key: pass.keyOf(this) }) : x
  }
}

/**
 * As `Dropout`, but drops a sample's whole channels, `[batch, length, channels]`: neighbouring values, which are much alike, would make up for
 * each other. @see torch.nn.Dropout1d; Tompson et al. 2015
 */
export class Dropout1d extends Module {
  /** @throws RangeError unless `rate` is in [0, 1] */
  constructor(readonly rate: number = 0.5) {
    super()
    expectRate('Dropout1d', rate)
  }

  /** @throws ShapeError unless x has three axes */
  override forward(x: Tensor): Tensor {
    return dropChannels(this, 'Dropout1d', x, '[batch, length, channels]', 3)
  }
}

/** As `Dropout`, but drops a sample's whole channels, `[batch, height, width, channels]`. @see torch.nn.Dropout2d; Tompson et al. 2015 */
export class Dropout2d extends Module {
  /** @throws RangeError unless `rate` is in [0, 1] */
  constructor(readonly rate: number = 0.5) {
    super()
    expectRate('Dropout2d', rate)
  }

  /** @throws ShapeError unless x has four axes */
  override forward(x: Tensor): Tensor {
    return dropChannels(this, 'Dropout2d', x, '[batch, height, width, channels]', 4)
  }
}

function dropChannels(
  layer: Module & { readonly rate: number },
  name: string,
  x: Tensor,
  axes: string,
  rank: number,
): Tensor {
  if (x.rank !== rank) throw new ShapeError(`${name}: expected x ${axes}, got [${x.shape}].`)
  const one = x.shape.slice(1, -1).map(() => 1)
  return dropTogether(layer, x, layer.rate, [itemAt(x.shape, 0), ...one, lastItem(x.shape)])
}
