import { add, ShapeError, type Tensor } from '@ddnet/ops'
import { type Layer, Module } from './module.ts'
import { pipe } from './pipe.ts'

export interface ResidualConfig {
  /** What x passes on its way around, such as a 1 × 1 convolution where the body changes channels or size; nothing by default. */
  readonly shortcut?: Layer
  /** After the addition; nothing by default. */
  readonly activation?: Layer
}

/**
 * A body with a way around it: `y = activation(shortcut(x) + body(x))`. Names begin with `body.` and `shortcut.`.
 *
 * @see He et al. 2016, "Deep residual learning for image recognition"
 * @example new Residual(new Sequential(new Conv2d(8, 8, { kernelSize: 3, padding: 1 }), new BatchNorm(8)), { activation: relu })
 */
export class Residual extends Module {
  readonly body: Layer
  declare readonly shortcut?: Layer
  declare readonly activation?: Layer

  constructor(body: Layer, { shortcut, activation }: ResidualConfig = {}) {
    super()
    this.body = body
    if (shortcut) this.shortcut = shortcut
    if (activation) this.activation = activation
  }

  /** @throws ShapeError if both ways give other shapes */
  override forward(x: Tensor): Tensor {
    const [around, through] = [pipe(x, this.shortcut), pipe(x, this.body)]
    if (around.shape.join() !== through.shape.join()) {
      throw new ShapeError(
        `Residual: expected the body to give [${around.shape}], as the way around it, got [${through.shape}]. Give it a shortcut that makes them equal, such as a 1 × 1 convolution.`,
      )
    }
    return pipe(add(around, through), this.activation)
  }
}
