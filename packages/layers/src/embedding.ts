import { embedding, type Tensor } from '@ddnet/ops'
import { normal } from './initializers.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'

/** A row of features for each id, `[…] → […, features]`, drawn from a normal distribution at first. @see torch.nn.Embedding */
export class Embedding extends Module {
  weight: Parameter

  constructor(
    readonly count: number,
    readonly features: number,
  ) {
    super()
    this.weight = new Parameter([count, features], { init: normal() })
  }

  /** @param ids int32 */
  override forward(ids: Tensor): Tensor {
    return embedding(ids, this.weight.value)
  }
}
