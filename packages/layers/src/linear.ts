import { linear, type Tensor } from '@ddnet/ops'
import type { InitConfig } from './convolution.ts'
import { uniformByFanIn } from './initializers.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'

export interface LinearConfig extends InitConfig {
  readonly bias?: boolean
}

/** `y = x · weightᵀ + bias`, `[…, inFeatures] → […, outFeatures]`. @throws ShapeError if x does not end so @see torch.nn.Linear */
export class Linear extends Module {
  weight: Parameter
  declare readonly bias?: Parameter

  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    { bias = true, weightInit, biasInit }: LinearConfig = {},
  ) {
    super()
    const init = uniformByFanIn(inFeatures)
    this.weight = new Parameter([outFeatures, inFeatures], { init: weightInit ?? init, layout: 'linear' })
    if (bias) this.bias = new Parameter([outFeatures], { init: biasInit ?? init })
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight.value, this.bias?.value)
  }
}
