import type { ClassificationSample, Dataset } from '@ddnet/datasets'
import { frechetDistance, type Measure } from '@ddnet/metrics'
import { concat, dispose, div, interpolate, mean, sub, type Tensor, tensor, tidy, toHost } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { generateBatch, type ImageGenerator } from './generate-images.ts'
import { firstSamples } from './predict.ts'

/** How far new images are from real ones. */
export interface GeneratedFigures {
  readonly frechetDistance: number
  /** How many of each. */
  readonly generatedImages: number
  /** What the distance is one of. */
  readonly features: string
}

/** As figures of a run call the features. */
export const featureName = 'the last feature maps of cifar10DDNet, averaged over positions'

/** Images that run through the networks together. */
const batchSize = 50

/**
 * The Fréchet distance between new and real images, in what our shipped classifier makes of them: the 48 feature maps before its last
 * layer, each averaged. It was trained on CIFAR-10; images of another size are resized to 32 × 32 for it, and gray ones are gray in all three
 * channels. So it compares models on the same data, with as many images, and is no FID.
 *
 * Of a model that is told classes the new images have those of the real ones.
 *
 * @param real as they are, before they are normalized
 */
export async function measureGenerated(
  generator: ImageGenerator,
  real: Dataset<ClassificationSample>,
  count: number,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<GeneratedFigures> {
  const { cifar10DDNet } = await import('@ddnet/models/cifar10')
  const { model, mean: center, std, size } = cifar10DDNet()
  const featuresOf = (images: Tensor): Tensor =>
    tidy(() => {
      const [, height, width, channels] = images.shape
      const colors = channels === 3 ? images : concat([images, images, images], -1)
      const fitting =
        height === size && width === size ? colors : interpolate(colors, { size, mode: 'bilinear', antialias: true })
      return mean(model.features(div(sub(fitting, center), std)), [1, 2]) // [batch, 48]
    })
  const samples = await firstSamples(real, count)
  const labels = samples.map(({ label }) => label)
  let state: unknown
  let measure: Measure | undefined
  try {
    for (let start = 0; start < samples.length; start += batchSize) {
      const places = Array.from({ length: Math.min(batchSize, samples.length - start) }, (_, at) => start + at)
      const { generated } = generateBatch(generator, { count: samples.length, seed: 0, labels }, places)
      const images = unitImages(places.map((place) => itemAt(samples, place)))
      const features = [featuresOf(images), featuresOf(generated)] as const
      dispose([images, generated])
      measure = frechetDistance(...features)
      const hosts = await Promise.all(
        Object.entries(measure.tensors).map(async ([name, each]) => [name, await toHost(each)] as const),
      )
      dispose([...features])
      const batch = measure.state(Object.fromEntries(hosts))
      state = state === undefined ? batch : measure.merge(state, batch)
      onProgress(start + places.length, samples.length)
    }
  } finally {
    model.dispose()
  }
  return {
    frechetDistance: measure?.compute(state) ?? Number.NaN,
    generatedImages: samples.length,
    features: featureName,
  }
}

/** Images as they are, as numbers from 0 to 1. */
function unitImages(samples: readonly ClassificationSample[]): Tensor {
  const { shape } = itemAt(samples, 0).image
  const size = shape.reduce((product, each) => product * each, 1)
  const values = new Float32Array(samples.length * size)
  for (const [at, { image }] of samples.entries()) {
    const scale = image.data instanceof Float32Array ? 1 : 1 / 255
    values.set(
      Float32Array.from(image.data, (value) => value * scale),
      at * size,
    )
  }
  return tensor(values, [samples.length, ...shape])
}
