import { type Module, openPass } from '@ddnet/layers'
import { addNoise, ddpmSchedule, denoise, type NoiseModel, noiseLoss } from '@ddnet/models'
import { add, clamp, div, less, mean, mul, random, square, sub, type Tensor, tensor, tidy, where } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import type { ScoresOf, StepContext } from '@ddnet/trainer'
import { expectRange, labelsFor, type PixelRange, toSigned } from './generation.ts'
import { type MadePicture, madeTable, readPictures } from './made-pictures.ts'
import type { ScoreView, Task, TaskReport } from './task.ts'

/** What a batch must have: pictures `[batch, height, width, channels]`, and where the model is told them their classes, int32 `[batch]`. */
export interface DiffusionBatch {
  readonly image: Tensor
  readonly label?: Tensor
}

/** A model that says what noise is in pictures of −1 … 1, each at one of `steps` times, as `DiffusionUNet` of `@ddnet/models`. */
export type Denoiser = Module & {
  readonly steps: number
  forward(images: Tensor, times: Tensor, labels?: Tensor): Tensor
}

/** A picture that got noise at half of all times, and what the model thinks that it was. */
export interface Denoised extends MadePicture {
  /** The mean squared error of the noise that was found in it. */
  readonly error: number
}

// biome-ignore lint/complexity/noBannedTypes: a step measures its loss alone
export type DiffusionMeasures = {}

export interface DiffusionOptions {
  /** How many channels the pictures have. */
  readonly channels: number
  /** In how many steps pictures are made, where nobody says otherwise: 50 by default. */
  readonly samplingSteps?: number
  /** How much noise is added on the way: 0, the default, none, as DDIM; 1 as much as DDPM. */
  readonly eta?: number
  /** How far pictures are pushed to their class, of a model that is told: 1, the default, is not at all. */
  readonly guidance?: number
  /** What share of pictures the model is told no class of in training, so that guidance knows what none is like: 0.1 by default. */
  readonly labelDropout?: number
  /** What black and white are in the batches, [0, 1] by default. */
  readonly range?: PixelRange
  /** Of how many classes the pictures are, where the model is told. */
  readonly conditionClasses?: number | undefined
}

export type DiffusionTask = Task<DiffusionBatch, Denoiser, DiffusionMeasures, DiffusionMeasures, Denoised>

/**
 * Denoising diffusion: the mean squared error of the noise that a model finds in pictures, each at a time that is drawn. New pictures are made of
 * noise alone, from the last time to the first.
 *
 * Noise grows from a variance of 1e-4 to 0.02 over 1,000 times; of a model with fewer, steps are as much larger, so that at the last
 * time hardly anything of a picture is left.
 *
 * @throws RangeError for a range without extent, and for options out of range
 * @see Ho et al. 2020, "Denoising diffusion probabilistic models"; Song et al. 2021 for DDIM; Ho and Salimans 2022 for guidance
 * @example new Trainer({ model: new DiffusionUNet({ inChannels: 1 }), optimizer: chain(adam({ learningRate: 2e-4 }), ema(0.999)), data, ...diffusion({ channels: 1 }) })
 */
export function diffusion(options: DiffusionOptions): DiffusionTask {
  const { channels, samplingSteps = 50, eta = 0, guidance = 1, labelDropout = 0.1, range = [0, 1] } = options
  const { conditionClasses } = options
  expectRange('diffusion', range)
  if (!Number.isInteger(samplingSteps) || samplingSteps < 1) {
    throw new RangeError(`diffusion: expected samplingSteps as a whole number above 0, got ${samplingSteps}.`)
  }
  for (const [name, value] of Object.entries({ eta, labelDropout })) {
    if (!(value >= 0 && value <= 1)) throw new RangeError(`diffusion: expected ${name} in [0, 1], got ${value}.`)
  }
  if (!(guidance >= 0 && Number.isFinite(guidance))) {
    throw new RangeError(`diffusion: expected guidance of at least 0, got ${guidance}.`)
  }
  const scheduleOf = ({ steps }: Denoiser) => {
    const larger = 1000 / steps
    return ddpmSchedule({ steps, first: Math.min(0.5, 1e-4 * larger), last: Math.min(0.999, 0.02 * larger) })
  }
  const told = (model: Denoiser, labels: Tensor | undefined): NoiseModel => ({
    forward: (images, times) => model.forward(images, times, labels),
  })
  const loss = (batch: DiffusionBatch, { model, key, training }: StepContext<Denoiser>) => {
    const images = toSigned(batch.image, range)
    const labels = labelsFor('diffusion', conditionClasses, batch)
    const shown =
      labels === undefined || !training || conditionClasses === undefined
        ? labels
        : where(
            less(random.uniform(key.fold('dropout'), labels.shape), labelDropout),
            allOf(conditionClasses, labels.size),
            labels,
          )
    return { loss: noiseLoss(told(model, shown), scheduleOf(model), images, key) }
  }
  const picture: DiffusionTask['views']['picture'] = (samples, { title } = {}) =>
    madeTable(samples, 'out of noise', title)
  return {
    kind: 'task',
    name: 'diffusion',
    fields: { image: 'image', ...(conditionClasses !== undefined && { label: 'class' }) },
    outputs: channels,
    conditionClasses,
    output: { values: 'the noise in pictures of −1 … 1' },
    generation: {
      noiseShape: (_, { height, width, channels }) => [height, width, channels],
      sampling: { steps: samplingSteps, eta, guidance },
      mostSteps: ({ steps }) => steps,
      generate(model, noise, asked) {
        const { labels, key, steps = samplingSteps, eta: most = eta, guidance: push = guidance } = asked
        const schedule = scheduleOf(model)
        const guided: NoiseModel = {
          forward(images, times) {
            const found = model.forward(images, times, labels)
            if (labels === undefined || push === 1 || conditionClasses === undefined) return found
            const unaware = model.forward(images, times, allOf(conditionClasses, labels.size))
            return add(unaware, mul(push, sub(found, unaware)))
          },
        }
        const made = denoise(guided, schedule, noise, { steps, eta: most, ...(most > 0 && { key }) })
        try {
          return tidy(() => clamp(div(add(made, 1), 2), { min: 0, max: 1 }))
        } finally {
          made.dispose()
        }
      },
    },
    monitor: 'loss',
    scores: { loss: lossView },
    step: loss,
    evaluate: loss,
    predict: async (model, batch) => {
      const { made, errors } = tidy(() =>
        openPass({ training: false, root: model }, () => {
          const images = toSigned(batch.image, range)
          const schedule = scheduleOf(model)
          const time = Math.floor(schedule.steps / 2)
          const count = itemAt(images.shape, 0)
          const times = allOf(time, count)
          const noise = random.normal(random.key(0), images.shape)
          const noisy = addNoise(schedule, images, noise, times)
          const found = model.forward(noisy, times, labelsFor('diffusion', conditionClasses, batch))
          const kept = itemAt(schedule.kept, time)
          const guess = div(sub(noisy, mul(Math.sqrt(1 - kept), found)), Math.sqrt(kept))
          return {
            made: clamp(div(add(guess, 1), 2), { min: 0, max: 1 }),
            errors: mean(square(sub(found, noise)), [1, 2, 3]),
          }
        }),
      )
      const found = await readPictures(made, errors)
      return found.map(({ picture, figure }) => ({ ...picture, error: figure }))
    },
    views: {
      line: ({ error }) => `error of the noise ${error.toPrecision(3)}`,
      json: ({ shape, error }) => ({ shape: [...shape], error }),
      rows: ({ error }) => [{ error }],
      picture,
      report,
      page: (_, samples) =>
        samples.length === 0 ? {} : { pictures: [{ title: 'Out of noise', picture: picture(samples) }] },
    },
  }
}

/** One number as often as there are pictures. */
const allOf = (value: number, count: number): Tensor => tensor(new Int32Array(count).fill(value), [count], 'int32')

const lossView: ScoreView = { title: 'loss', short: 'loss', better: 'lower', format: (value) => value.toFixed(4) }

const report = ({ loss }: ScoresOf<DiffusionMeasures>): TaskReport => ({
  headline: `mean squared error of the noise ${loss.toFixed(5)}`,
  json: { loss },
})
