import type { ClassificationSample, Dataset } from '@ddnet/datasets'
import type { Config } from '@ddnet/experiment'
import type { ModuleOf } from '@ddnet/layers'
import { encodePng, fromPixels, type PredictionSample, predictionSheet } from '@ddnet/visuals'
import { writeWhole } from '../files.ts'
import { classify } from '../run/classify.ts'

const imageCount = 25

/** The first images of a data set, or all where there are fewer. */
export const firstImages = (
  images: Pick<Dataset<ClassificationSample>, 'length' | 'get'>,
  count: number = imageCount,
): Promise<ClassificationSample[]> =>
  Promise.all(Array.from({ length: Math.min(count, images.length) }, (_, index) => images.get(index)))

/** What the model says of images; those whose label is no class are of unknown truth. */
export async function predictSamples(
  { model, config, classNames }: { model: ModuleOf; config: Config; classNames: readonly string[] },
  images: readonly ClassificationSample[],
): Promise<PredictionSample[]> {
  const samples: PredictionSample[] = []
  for (const sample of images) {
    const [height, width, channels] = sample.image.shape
    const [guess] = await classify(sample, model, config, classNames)
    const actual = classNames[sample.label]
    samples.push({
      image: fromPixels(sample.image.data, width, height, channels),
      predicted: guess?.name ?? '',
      confidence: guess?.confidence ?? 0,
      ...(actual !== undefined && { actual }),
    })
  }
  return samples
}

/** Writes predictions as a picture with their names. */
export function writePredictions(path: string, samples: readonly PredictionSample[], data: string): Promise<void> {
  const right = samples.filter(({ predicted, actual }) => predicted === actual).length
  const sheet = predictionSheet(samples, { title: `DDNet on ${data}: ${right} of ${samples.length} right` })
  return writeWhole(path, encodePng(sheet))
}
