import { layerNorm, type Tensor } from '@ddnet/ops'
import { ones, zeros } from './initializers.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'

export interface LayerNormConfig {
  readonly eps?: number
}

/** Layer normalisation over the last axes, whose sizes are `shape`. @see torch.nn.LayerNorm */
export class LayerNorm extends Module {
  readonly weight: Parameter
  readonly bias: Parameter

  constructor(
    readonly shape: number | readonly number[],
    readonly config: LayerNormConfig = {},
  ) {
    super()
    const sizes = typeof shape === 'number' ? [shape] : shape
    this.weight = new Parameter(sizes, { init: ones })
    this.bias = new Parameter(sizes, { init: zeros })
  }

  override forward(x: Tensor): Tensor {
    const [weight, bias] = [this.weight.value, this.bias.value]
    return layerNorm(x, { ...this.config, normalizedShape: this.shape, weight, bias })
  }
}
