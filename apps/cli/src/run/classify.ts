import type { ClassificationSample } from '@ddnet/datasets'
import { softmax, type Tensor2D, tensor, tidy } from '@ddnet/ops'
import type { Config } from '../config/schema.ts'
import { type Model, preprocessing } from './experiment.ts'

export interface Guess {
  readonly name: string
  readonly confidence: number
}

/** The classes of one image, the likeliest first. */
export async function classify(
  sample: ClassificationSample,
  model: Model,
  config: Pick<Config, 'size' | 'data'>,
  classNames: readonly string[],
): Promise<Guess[]> {
  const { image } = preprocessing(config).reduce((current, transform) => transform(current, {}), sample)
  const probabilities = tidy(() => softmax(model.predict(tensor(image.data, [1, ...image.shape])) as Tensor2D)) // [1, classes]
  const confidences = await probabilities.data()
  probabilities.dispose()
  return classNames
    .map((name, label) => ({ name, confidence: confidences[label] as number }))
    .sort((a, b) => b.confidence - a.confidence)
}
