import { encodePng, fromPixels, type PredictionSample, predictionSheet } from '@ddnet/visuals'
import { classify } from './classify.ts'
import type { Config } from './config/schema.ts'
import type { LabelledImages } from './data.ts'
import type { Model } from './experiment.ts'
import { write } from './files.ts'

const imageCount = 25

/** What the model says of the first test images. */
export async function samplePredictions({
  model,
  config,
  data: { test, classNames },
}: {
  model: Model
  config: Config
  data: LabelledImages
}): Promise<PredictionSample[]> {
  const samples: PredictionSample[] = []
  for (let index = 0; index < Math.min(imageCount, test.length); index++) {
    const sample = await test.get(index)
    const [height, width, channels] = sample.shape
    const [guess] = await classify(sample, model, config, classNames)
    samples.push({
      image: fromPixels(sample.image, width, height, channels),
      predicted: guess?.name ?? '',
      confidence: guess?.confidence ?? 0,
      actual: classNames[sample.label] as string,
    })
  }
  return samples
}

/** Writes predictions as a picture with their names. */
export function writePredictions(path: string, samples: readonly PredictionSample[], data: string): Promise<void> {
  const right = samples.filter(({ predicted, actual }) => predicted === actual).length
  const sheet = predictionSheet(samples, { title: `DDNet on ${data}: ${right} of ${samples.length} right` })
  return write(path, encodePng(sheet))
}
