import { collate, type Dataset, type Field, type ImageField, letterbox, map, resize } from '@ddnet/datasets'
import type { ModuleOf } from '@ddnet/layers'
import { dispose } from '@ddnet/ops'
import type { WholePicture } from '@ddnet/tasks'
import { fromPixels, type Picture } from '@ddnet/visuals'
import type { AnyTask, DataFacts } from './definitions.ts'
import { preparedSample, type RunTask } from './parts.ts'
import type { Config } from './settings/config.ts'

/** A sample of any task: an image, and whatever else the data have of it. */
export interface RunSample {
  readonly image: ImageField
}

/** A model, what it was trained for, and how its data are prepared. */
export interface Predictor {
  readonly model: ModuleOf
  readonly task: RunTask
  readonly config: Pick<Config, 'data'>
  /** What the model was made by. */
  readonly facts: Pick<DataFacts, 'image'>
}

/**
 * What the model says of one sample. The task gets all fields of it that it names, as the data prepare them: the truth among them, where it is
 * known. Of an image of another size than those that it was trained on, a task that answers for pixels tells all of it, in its own size.
 */
export async function predictSample(predictor: Predictor, sample: RunSample): Promise<unknown> {
  const { model, task, config, facts } = predictor
  const [height, width] = sample.image.shape
  if (task.predictWhole !== undefined && (height !== facts.image.height || width !== facts.image.width)) {
    return task.predictWhole(model, await wholePicture(predictor, sample.image))
  }
  const prepared = await preparedSample(sample, config)
  const batch = collate([{ ...fieldsOf(prepared, task), image: prepared.image }])
  try {
    const [prediction] = await task.predict(model, batch)
    return prediction
  } finally {
    dispose(Object.values(batch))
  }
}

/** An image scaled as the training images were, of which the model took a part as large as its input. */
async function wholePicture({ config, facts, task }: Predictor, image: ImageField): Promise<WholePicture> {
  const [height, width] = image.shape
  const tile = [facts.image.height, facts.image.width] as const
  const scale = Math.max(tile[0] / height, tile[1] / width)
  const fit =
    task.wholePictures === 'contain'
      ? letterbox(tile)
      : resize([Math.round(height * scale), Math.round(width * scale)] as const)
  const scaled = await map({ length: 1, get: async () => ({ image }) }, fit).get(0)
  const prepared = (await preparedSample(scaled, config)).image
  return { data: Float32Array.from(prepared.data), shape: prepared.shape, tile, size: [height, width] }
}

/** Those of a sample that a task names. */
const fieldsOf = (sample: object, { fields }: Pick<AnyTask, 'fields'>): Readonly<Record<string, Field | undefined>> =>
  Object.fromEntries(Object.entries(sample).filter(([name]) => name in fields))

/** A picture, and what the model says of it. */
export interface PredictedImage {
  readonly image: Picture
  readonly prediction: unknown
}

/** What the model says of samples, beside the pictures that they are of. */
export async function predictSamples(predictor: Predictor, samples: readonly RunSample[]): Promise<PredictedImage[]> {
  const found: PredictedImage[] = []
  for (const sample of samples) {
    found.push({ image: pictureOf(sample.image), prediction: await predictSample(predictor, sample) })
  }
  return found
}

/** The first samples of a data set, or all where there are fewer. */
export const firstSamples = <S>({ length, get }: Pick<Dataset<S>, 'length' | 'get'>, count = 25): Promise<S[]> =>
  Promise.all(Array.from({ length: Math.min(count, length) }, (_, index) => get(index)))

/** An image as people see it: in gray, or in red, green and blue; of other channels the first one or the first three. */
export function pictureOf({ data, shape: [height, width, channels] }: ImageField): Picture {
  const shown = channels >= 3 ? 3 : 1
  const scale = data instanceof Float32Array ? 255 : 1
  const pixels = Uint8ClampedArray.from({ length: height * width * shown }, (_, at) => {
    const value = data[Math.floor(at / shown) * channels + (at % shown)] as number
    return value * scale
  })
  return fromPixels(pixels, width, height, shown)
}
