import { type ClassificationSample, type Dataset, imageField } from '@ddnet/datasets'
import { BatchNorm, Dropout, init, Linear, Module, pipe } from '@ddnet/layers'
import { random, relu, reshape, type Tensor } from '@ddnet/ops'

/** Pictures of 4 × 4 with one bright row, the label, on noise. */
export function brightRows(length: number, seed = 1): Dataset<ClassificationSample> {
  return {
    length,
    async get(index) {
      const label = index % 4
      const image = random.uniformValues(random.key(seed).fold(index), 16)
      for (let column = 0; column < 4; column++) image[label * 4 + column] = 1
      return { image: imageField(image, [4, 4, 1]), label }
    },
  }
}

/** 16 → 8 → 4 with batch norm and dropout: parameters, buffers, a counter and randomness. */
export class TinyNet extends Module {
  readonly hidden = new Linear(16, 8)
  readonly norm = new BatchNorm(8)
  readonly dropout = new Dropout(0.1)
  readonly output = new Linear(8, 4)

  constructor(seed = 0) {
    super()
    init(this, random.key(seed))
  }

  override forward(images: Tensor): Tensor {
    return pipe(reshape(images, [-1, 16]), this.hidden, this.norm, relu, this.dropout, this.output)
  }
}
