import type { Dataset, Sample } from '@ddnet/datasets'
import { BatchNorm, type Context, inference, Linear, Module } from '@ddnet/layers'
import { div, mul, random, reshape, type Tensor } from '@ddnet/ops'

/** Pictures of 4 × 4 with one bright row, the label, on noise. */
export function brightRows(length: number, seed = 1): Dataset<Sample> {
  return {
    length,
    async get(index) {
      const label = index % 4
      const image = random.uniformValues(random.key(seed).fold(index), 16)
      for (let column = 0; column < 4; column++) image[label * 4 + column] = 1
      return { image, shape: [4, 4, 1], label }
    },
  }
}

/** 16 → 8 → 4 with batch norm, and dropout that uses the step's key: parameters, buffers, a counter and randomness. */
export class TinyNet extends Module {
  readonly hidden: Linear
  readonly norm = new BatchNorm(8, { activation: 'relu' })
  readonly output: Linear

  constructor(seed = 0) {
    super()
    this.hidden = new Linear(16, 8, { key: random.key(seed).fold(0) })
    this.output = new Linear(8, 4, { key: random.key(seed).fold(1) })
  }

  override forward(images: Tensor, context: Context = inference): Tensor {
    let x = this.norm.forward(this.hidden.forward(reshape(images, [-1, 16])), context)
    if (context.training && context.key) x = div(mul(x, random.bernoulli(context.key, x.shape, 0.9)), 0.9)
    return this.output.forward(x)
  }
}
