import type { ClassificationSample } from '@ddnet/datasets'
import { type Config, preparedSample } from '@ddnet/experiment'
import type { ModuleOf } from '@ddnet/layers'
import { softmax, type Tensor2D, tensor, tidy } from '@ddnet/ops'

export interface Guess {
  readonly name: string
  readonly confidence: number
}

/** The classes of one image, the likeliest first. */
export async function classify(
  sample: ClassificationSample,
  model: ModuleOf,
  config: Pick<Config, 'data'>,
  classNames: readonly string[],
): Promise<Guess[]> {
  const { image } = await preparedSample(sample, config)
  const probabilities = tidy(() => softmax(model.predict(tensor(image.data, [1, ...image.shape])) as Tensor2D)) // [1, classes]
  const confidences = await probabilities.data()
  probabilities.dispose()
  return classNames
    .map((name, label) => ({ name, confidence: confidences[label] as number }))
    .sort((a, b) => b.confidence - a.confidence)
}
