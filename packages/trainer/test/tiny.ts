import type { ClassificationSample, Dataset } from '@ddnet/datasets'
import { BatchNorm, Dropout, init, Linear, Module, pipe } from '@ddnet/layers'
import { crossEntropy } from '@ddnet/losses'
import { accuracy, type Measure } from '@ddnet/metrics'
import { random, relu, reshape, type Tensor } from '@ddnet/ops'
import type { StepContext, StepResult } from '@ddnet/trainer'

/** Pictures of 4 × 4 with one bright row, the label, on noise. */
export function brightRows(length: number, seed = 1): Dataset<ClassificationSample> {
  return {
    length,
    async get(index) {
      const label = index % 4
      const data = random.uniformValues(random.key(seed).fold(index), 16)
      for (let column = 0; column < 4; column++) data[label * 4 + column] = 1
      return { image: { kind: 'image', data, shape: [4, 4, 1] }, label }
    },
  }
}

/** 16 → 8 → 4 with batch norm and dropout: parameters, buffers, a counter and randomness. */
export class TinyNet extends Module {
  readonly hidden = new Linear(16, 8)
  readonly norm = new BatchNorm(8)
  readonly dropout = new Dropout(0.1)
  readonly output = new Linear(8, 4)

  override forward(image: Tensor): Tensor {
    return pipe(reshape(image, [-1, 16]), this.hidden, this.norm, relu, this.dropout, this.output)
  }
}

export const tinyNet = (seed = 0): TinyNet => init(new TinyNet(), random.key(seed))

export interface LabelledImages {
  readonly image: Tensor
  readonly label: Tensor
}

/** Cross-entropy and accuracy. */
export function classify(
  { image, label }: LabelledImages,
  { model }: StepContext<Module & { forward(image: Tensor): Tensor }>,
): StepResult<{ accuracy: Measure }> {
  const logits = model.forward(image)
  return { loss: crossEntropy(logits, label), metrics: { accuracy: accuracy(logits, label) } }
}
