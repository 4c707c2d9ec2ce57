import { type Key, linear, type Tensor, type Tensor1D, type Tensor2D } from '@ddnet/ops'
import { uniformByFanIn } from './initialize.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'

/** `y = x · weightᵀ + bias`, `[…, inFeatures] → […, outFeatures]`. @see torch.nn.Linear */
export class Linear extends Module {
  readonly weight: Parameter
  declare readonly bias?: Parameter

  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    { key, bias = true }: { key: Key; bias?: boolean },
  ) {
    super()
    const [weightKey, biasKey] = key.split(2) as [Key, Key]
    this.weight = new Parameter(uniformByFanIn(weightKey, [outFeatures, inFeatures], inFeatures))
    if (bias) this.bias = new Parameter(uniformByFanIn(biasKey, [outFeatures], inFeatures))
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight.value as Tensor2D, this.bias?.value as Tensor1D | undefined)
  }
}
