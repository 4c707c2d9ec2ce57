import type { ClassificationSample, Dataset } from '@ddnet/datasets'
import { type Config, preparedSample, type RunTask } from '@ddnet/experiment'
import type { ModuleOf } from '@ddnet/layers'
import { dispose, tensor } from '@ddnet/ops'
import { encodePng, fromPixels } from '@ddnet/visuals'

const imageCount = 25

/** The first images of a data set, or all where there are fewer. */
export const firstImages = (
  images: Pick<Dataset<ClassificationSample>, 'length' | 'get'>,
  count: number = imageCount,
): Promise<ClassificationSample[]> =>
  Promise.all(Array.from({ length: Math.min(count, images.length) }, (_, index) => images.get(index)))

/** A picture and what the model says of it. */
export type PredictedImage = Parameters<RunTask['views']['picture']>[0][number]

/** What the model says of images; of those whose label is no class the truth is not known. */
export async function predictSamples(
  { model, task, config }: { model: ModuleOf; task: RunTask; config: Pick<Config, 'data'> },
  images: readonly ClassificationSample[],
): Promise<PredictedImage[]> {
  const found: PredictedImage[] = []
  for (const sample of images) {
    const [height, width, channels] = sample.image.shape
    const [prediction] = await predictOne({ model, task, config }, sample)
    found.push({ image: fromPixels(sample.image.data, width, height, channels), prediction })
  }
  return found
}

/** What the model says of one image. */
export async function predictOne(
  { model, task, config }: { model: ModuleOf; task: RunTask; config: Pick<Config, 'data'> },
  sample: ClassificationSample,
): Promise<unknown[]> {
  const { image, label } = await preparedSample(sample, config)
  const batch = {
    image: tensor(image.data, [1, ...image.shape]),
    ...(label >= 0 && { label: tensor([label], [1], 'int32') }),
  }
  try {
    return await task.predict(model, batch)
  } finally {
    dispose(Object.values(batch))
  }
}

/** Predictions as a picture with what they say, a PNG. */
export const predictionsPicture = (task: RunTask, samples: readonly PredictedImage[], title: string): Uint8Array =>
  encodePng(task.views.picture(samples, { title }))
