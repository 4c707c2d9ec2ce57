import type { Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { type Layer, Module } from './module.ts'
import { pipe } from './pipe.ts'

/**
 * Layers one after another, modules and functions alike, run as `pipe` runs them. Their names are their positions, and functions
 * count, too, so that parameters are called as in PyTorch, where they are modules.
 *
 * @see torch.nn.Sequential
 * @example new Sequential(new Conv2d(3, 8, { kernelSize: 3 }), new BatchNorm(8), relu) // 0.weight, 0.bias, 1.weight, …
 */
export class Sequential extends Module {
  readonly [index: number]: Layer
  declare readonly length: number

  constructor(...layers: readonly Layer[]) {
    super()
    Object.assign(this, layers)
    Object.defineProperty(this, 'length', { value: layers.length })
  }

  override forward(x: Tensor): Tensor {
    return pipe(x, ...this)
  }

  *[Symbol.iterator](): Iterator<Layer> {
    for (let at = 0; at < this.length; at++) yield itemAt(this, at)
  }
}
