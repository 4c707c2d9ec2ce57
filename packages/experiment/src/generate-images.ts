import type { ModuleOf } from '@ddnet/layers'
import { random, type Tensor, tensor, toHost } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import type { DataFacts, GenerationOptions } from '@ddnet/tasks'
import { fromValues, imagesOf, type Picture } from '@ddnet/visuals'
import type { RunTask } from './parts.ts'

/** A model, and the task that makes images with it. */
export interface ImageGenerator {
  readonly model: ModuleOf
  readonly task: Pick<RunTask, 'name' | 'generation' | 'conditionClasses'>
  readonly facts: Pick<DataFacts, 'image'>
}

export interface NewImages extends Pick<GenerationOptions, 'steps' | 'eta' | 'guidance'> {
  readonly count: number
  /** The same seed gives the same images on the same backend. */
  readonly seed: number
  /** The class of each image, of a model that is told; by default all classes in turn. */
  readonly labels?: readonly number[]
  /**
   * In the place of each image so many, on the way from its noise to another one: along the arc between them, since what lies on the straight
   * line is shorter than any noise that the model knows.
   */
  readonly between?: number
}

/** One image as it was made. */
export interface NewImage {
  readonly picture: Picture
  /** Its class, where the model was told one. */
  readonly label?: number
}

/** Images that run through the model together. The number decides nothing but memory. */
const batchSize = 32

/**
 * New images of a model that makes some. The noise of an image depends on the seed and on its place alone.
 *
 * @throws Error for a task that makes none
 */
export async function generateImages(
  generator: ImageGenerator,
  images: NewImages,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<NewImage[]> {
  const made: NewImage[] = []
  const { between = 1 } = images
  const total = images.count * between
  for (let start = 0; start < total; start += batchSize) {
    const places = Array.from({ length: Math.min(batchSize, total - start) }, (_, at) => start + at)
    const { generated, labels } = generateBatch(generator, images, places)
    try {
      for (const [at, { shape, data }] of imagesOf(await toHost(generated)).entries()) {
        const picture = fromValues({ shape, data }, { range: [0, 1] })
        made.push({ picture, ...(labels && { label: itemAt(labels, at) }) })
      }
    } finally {
      generated.dispose()
    }
    onProgress(made.length, total)
  }
  return made
}

/**
 * The images of some places of the whole, `[places, height, width, channels]` of 0 … 1, which the caller disposes, and their labels.
 *
 * @throws Error for a task that makes none
 */
export function generateBatch(
  { model, task: { name, generation, conditionClasses }, facts }: ImageGenerator,
  { seed, labels: asked, between = 1, count: _, ...options }: NewImages,
  places: readonly number[],
): { readonly generated: Tensor; readonly labels: readonly number[] | undefined } {
  if (generation === undefined)
    throw new Error(`task=${name} makes no images. Take a run of a task that does, such as vae.`)
  const key = random.key(seed).fold('generate')
  const shape = generation.noiseShape(model, facts.image)
  const size = shape.reduce((product, each) => product * each, 1)
  const noiseOf = (image: number, end: number) => random.normalValues(key.fold('noise').fold(image).fold(end), size)
  const values = new Float32Array(places.length * size)
  const images = places.map((place) => Math.floor(place / between))
  for (const [at, place] of places.entries()) {
    const image = itemAt(images, at)
    const share = between === 1 ? 0 : (place % between) / (between - 1)
    values.set(share === 0 ? noiseOf(image, 0) : onArc(noiseOf(image, 0), noiseOf(image, 1), share), at * size)
  }
  const labels =
    conditionClasses === undefined ? undefined : images.map((image) => asked?.[image] ?? image % conditionClasses)
  const noise = tensor(values, [places.length, ...shape])
  const told = labels && tensor(Int32Array.from(labels), [labels.length], 'int32')
  try {
    const batch = key.fold('batch').fold(itemAt(places, 0))
    return { generated: generation.generate(model, noise, { ...options, labels: told, key: batch }), labels }
  } finally {
    noise.dispose()
    told?.dispose()
  }
}

/** Spherical interpolation: `(sin((1 − t) ω) · a + sin(t ω) · b) / sin ω`, with the angle ω between a and b. @see Shoemake 1985 */
function onArc(a: Float32Array, b: Float32Array, share: number): Float32Array {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, at) => sum + value * itemAt(y, at), 0)
  const angle = Math.acos(Math.min(1, Math.max(-1, dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)))))
  if (angle < 1e-6) return a // they are one
  const [ofA, ofB] = [Math.sin((1 - share) * angle) / Math.sin(angle), Math.sin(share * angle) / Math.sin(angle)]
  return a.map((value, at) => ofA * value + ofB * itemAt(b, at))
}
