import { linear, type Tensor } from '@ddnet/ops'
import { uniformByFanIn } from './initializers.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'

/** `y = x · weightᵀ + bias`, `[…, inFeatures] → […, outFeatures]`. @see torch.nn.Linear */
export class Linear extends Module {
  weight: Parameter
  declare readonly bias?: Parameter

  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    { bias = true }: { readonly bias?: boolean } = {},
  ) {
    super()
    const init = uniformByFanIn(inFeatures)
    this.weight = new Parameter([outFeatures, inFeatures], { init })
    if (bias) this.bias = new Parameter([outFeatures], { init })
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight.value, this.bias?.value)
  }
}
