import { inference, type ModuleOf } from '@ddnet/layers'
import { mse } from '@ddnet/losses'
import {
  add,
  clamp,
  clone,
  div,
  gather,
  type Key,
  mul,
  random,
  reshape,
  ShapeError,
  sub,
  type Tensor,
  tensor,
  tidy,
  type WeightedMean,
} from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'

/** How much noise there is at each time, 0 … steps − 1. */
export interface NoiseSchedule {
  readonly steps: number
  /** The share of an image's variance that is kept at each time, `ᾱ_t = ∏ (1 − β_s)` over s ≤ t. */
  readonly kept: Float64Array
}

export interface DdpmScheduleOptions {
  readonly steps?: number
  /** The variance that the first step adds. */
  readonly first?: number
  /** The variance that the last step adds. */
  readonly last?: number
}

/**
 * The schedule of Ho et al. 2020: each step adds noise of the variance β, from 1e-4 to 0.02 in equal distances.
 *
 * @throws RangeError unless there is a step, and variances are between 0 and 1
 */
export function ddpmSchedule({ steps = 1000, first = 1e-4, last = 0.02 }: DdpmScheduleOptions = {}): NoiseSchedule {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(`ddpmSchedule: expected steps as a positive integer, got ${steps}.`)
  }
  for (const [name, variance] of Object.entries({ first, last })) {
    if (variance > 0 && variance < 1) continue
    throw new RangeError(`ddpmSchedule: expected ${name} between 0 and 1, got ${variance}.`)
  }
  let product = 1
  const kept = Float64Array.from({ length: steps }, (_, step) => {
    product *= 1 - (first + ((last - first) * step) / Math.max(1, steps - 1))
    return product
  })
  return { steps, kept }
}

/** Says what noise is in images: `[batch, height, width, channels]` and int32 times `[batch]` to a tensor of the images' shape. */
export type NoiseModel = Pick<ModuleOf<[images: Tensor, times: Tensor], Tensor>, 'forward'>

/**
 * Images as they are at a time, in one step: `√ᾱ_t · image + √(1 − ᾱ_t) · noise`.
 *
 * @param images `[batch, …]`, float32, −1 … 1
 * @param noise standard normal, the same shape
 * @param times int32 `[batch]`
 * @throws ShapeError for other shapes
 * @see Ho et al. 2020, equation 4
 */
export function addNoise({ kept }: NoiseSchedule, images: Tensor, noise: Tensor, times: Tensor): Tensor {
  const [batch] = images.shape
  if (images.shape.join() !== noise.shape.join() || times.shape.join() !== String(batch)) {
    throw new ShapeError(
      `addNoise: expected noise [${images.shape}] and a time of each image, [${batch}], got [${noise.shape}] and [${times.shape}].`,
    )
  }
  const ofImages = (values: Float64Array) =>
    reshape(gather(tensor(Float32Array.from(values)), times), [-1, ...images.shape.slice(1).map(() => 1)])
  const [share, rest] = [kept.map(Math.sqrt), kept.map((value) => Math.sqrt(1 - value))]
  return add(mul(ofImages(share), images), mul(ofImages(rest), noise))
}

/**
 * What a diffusion model is trained by: the mean squared error of the noise that it finds in images, each at a time that is drawn.
 *
 * @param key what times and noise depend on: another one for each step
 * @see Ho et al. 2020, equation 14
 * @example step: ({ image }, { model, key }) => ({ loss: noiseLoss(model, schedule, image, key) })
 */
export function noiseLoss(model: NoiseModel, schedule: NoiseSchedule, images: Tensor, key: Key): WeightedMean {
  const times = random.integers(key.fold('times'), [itemAt(images.shape, 0)], 0, schedule.steps)
  const noise = random.normal(key.fold('noise'), images.shape)
  return mse(model.forward(addNoise(schedule, images, noise, times), times), noise)
}

export interface DenoiseOptions {
  /** What the noise depends on that is added on the way; needed unless `eta` is 0. */
  readonly key?: Key
  /** How many of the schedule's times are visited, in equal distances: all by default. */
  readonly steps?: number
  /** 1, the default, adds as much noise on the way as DDPM; 0 none, as DDIM. */
  readonly eta?: number
  /** Whether the guess of the image is kept in −1 … 1 at each step: true by default. */
  readonly clip?: boolean
}

/**
 * Makes images of noise, from the last time to the first. At each the noise that the model finds gives a guess of the image, and the next
 * one is drawn from what lies between: `√ᾱ_s · image + √(1 − ᾱ_s − σ²) · found + σ · noise`, where
 * `σ = eta · √((1 − ᾱ_s) / (1 − ᾱ_t)) · √(1 − ᾱ_t / ᾱ_s)`. With all steps and `eta` 1 it is DDPM's with the posterior's variance. The same
 * noise and key give the same images.
 *
 * @param noise standard normal, `[batch, height, width, channels]`; it stays the caller's
 * @returns images of −1 … 1, which the caller disposes
 * @throws RangeError for options out of range, and where a key is missing
 * @see Ho et al. 2020, algorithm 2; Song et al. 2021, "Denoising diffusion implicit models", equation 12
 * @example denoise(model, schedule, random.normal(random.key(1), [16, 32, 32, 3]), { steps: 50, eta: 0 })
 */
export function denoise(
  model: NoiseModel,
  schedule: NoiseSchedule,
  noise: Tensor,
  { key, steps = schedule.steps, eta = 1, clip = true }: DenoiseOptions = {},
): Tensor {
  if (!Number.isInteger(steps) || steps < 1 || steps > schedule.steps) {
    throw new RangeError(`denoise: expected steps of 1 … ${schedule.steps}, the schedule's, got ${steps}.`)
  }
  if (!(eta >= 0 && eta <= 1)) throw new RangeError(`denoise: expected eta in [0, 1], got ${eta}.`)
  if (eta > 0 && key === undefined) {
    throw new RangeError(
      `denoise: expected a key for the noise on the way, as eta is ${eta}. Give { key }, or { eta: 0 }.`,
    )
  }
  const visited = Array.from({ length: steps }, (_, at) => Math.floor((at * schedule.steps) / steps))
  let x = clone(noise)
  for (const [at, time] of [...visited.entries()].reverse()) {
    const now = itemAt(schedule.kept, time)
    const then = at === 0 ? 1 : itemAt(schedule.kept, itemAt(visited, at - 1)) // the image itself has all
    const sigma = eta * Math.sqrt((1 - then) / (1 - now)) * Math.sqrt(1 - now / then)
    const next = tidy(() => {
      const batch = itemAt(x.shape, 0)
      const times = tensor(new Int32Array(batch).fill(time), [batch], 'int32')
      const found = inference(() => model.forward(x, times))
      const guess = div(sub(x, mul(Math.sqrt(1 - now), found)), Math.sqrt(now))
      const image = clip ? clamp(guess, { min: -1, max: 1 }) : guess
      const rest = clip ? div(sub(x, mul(Math.sqrt(now), image)), Math.sqrt(1 - now)) : found
      const mean = add(mul(Math.sqrt(then), image), mul(Math.sqrt(Math.max(0, 1 - then - sigma ** 2)), rest))
      if (sigma === 0 || key === undefined) return mean
      return add(mean, mul(sigma, random.normal(key.fold(time), x.shape)))
    })
    x.dispose()
    x = next
  }
  return x
}
