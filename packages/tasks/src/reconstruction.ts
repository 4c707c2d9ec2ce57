import { type ModuleOf, openPass } from '@ddnet/layers'
import { mse } from '@ddnet/losses'
import { type Measure, meanAbsoluteError, psnr } from '@ddnet/metrics'
import { add, clone, mean, random, square, sub, type Tensor, tidy } from '@ddnet/ops'
import type { ScoresOf } from '@ddnet/trainer'
import { fromValues, pictureTable } from '@ddnet/visuals'
import { readPictures } from './made-pictures.ts'
import type { ScoreView, Task, TaskReport } from './task.ts'

/** What a batch must have: pictures `[batch, height, width, channels]`. */
export interface ReconstructionBatch {
  readonly image: Tensor
}

/** A model that gives pictures of pictures, of the same shape. */
export type Autoencoder = ModuleOf<[image: Tensor], Tensor>

/** A picture as the model gives it. */
export interface Reconstruction {
  readonly shape: readonly number[]
  /** `[height, width, channels]`, in the range of the model's pictures. */
  readonly values: readonly number[]
  /** The mean squared error of this picture. */
  readonly error: number
}

export type ReconstructionMeasures = { readonly psnr: Measure }
export type ReconstructionEvaluation = { readonly psnr: Measure; readonly meanAbsoluteError: Measure }

export interface ReconstructionOptions {
  /** How many channels the pictures have. */
  readonly channels: number
  /** What black and white are in the batches, [0, 1] by default; of normalized pictures `[-mean / std, (1 - mean) / std]`. */
  readonly range?: readonly [black: number, white: number]
  /** The standard deviation of noise that is added to the pictures in training: the model learns to take it away. */
  readonly noise?: number
}

export type ReconstructionTask = Task<
  ReconstructionBatch,
  Autoencoder,
  ReconstructionMeasures,
  ReconstructionEvaluation,
  Reconstruction
>

/**
 * Pictures out of pictures, as an autoencoder learns it: the mean squared error, told as the peak signal-to-noise ratio too.
 *
 * @throws RangeError for a range without extent, or noise below 0
 * @example new Trainer({ model, optimizer, data, ...reconstruction({ channels: 3 }) })
 */
export function reconstruction({
  channels,
  range: [black, white] = [0, 1],
  noise = 0,
}: ReconstructionOptions): ReconstructionTask {
  if (!(white > black && Number.isFinite(white - black))) {
    throw new RangeError(`reconstruction: expected range with black below white, got [${black}, ${white}].`)
  }
  if (!(noise >= 0 && Number.isFinite(noise))) {
    throw new RangeError(`reconstruction: expected noise of at least 0, got ${noise}.`)
  }
  const range = white - black
  const picture: ReconstructionTask['views']['picture'] = (samples, { title } = {}) =>
    pictureTable(
      samples.map(({ image, prediction: { shape, values } }) => ({
        pictures: [image, fromValues({ shape, data: values }, { range: [black, white] })],
      })),
      { columns: ['image', 'found'], ...(title !== undefined && { title }) },
    )
  return {
    kind: 'task',
    name: 'reconstruction',
    fields: { image: 'image' },
    outputs: channels,
    output: { values: 'pictures, scaled as those of the input' },
    monitor: 'loss',
    scores: { loss: lossView, psnr: psnrView },
    step: ({ image }, { model, key, training }) => {
      const given = training && noise > 0 ? add(image, random.normal(key, image.shape, 0, noise)) : image
      const found = model.forward(given)
      return { loss: mse(found, image), metrics: { psnr: psnr(found, image, { range }) } }
    },
    evaluate: ({ image }, { model }) => {
      const found = model.forward(image)
      return {
        loss: mse(found, image),
        metrics: { psnr: psnr(found, image, { range }), meanAbsoluteError: meanAbsoluteError(found, image) },
      }
    },
    predict,
    views: {
      line: ({ error }) => `error ${error.toPrecision(3)}, ${decibels(error, range).toFixed(2)} dB`,
      json: ({ shape, error }) => ({ shape: [...shape], meanSquaredError: error, psnr: decibels(error, range) }),
      rows: ({ error }) => [{ meanSquaredError: error, psnr: decibels(error, range) }],
      picture,
      report,
      page: (_, samples) =>
        samples.length === 0 ? {} : { pictures: [{ title: 'Reconstructions', picture: picture(samples) }] },
    },
  }
}

const lossView: ScoreView = { title: 'loss', short: 'loss', better: 'lower', format: (value) => value.toPrecision(4) }
const psnrView: ScoreView = {
  title: 'peak signal-to-noise ratio (dB)',
  short: 'psnr',
  better: 'higher',
  unit: 'dB',
  format: (value) => `${value.toFixed(2)} dB`,
}

const decibels = (error: number, range: number): number => -10 * Math.log10(Math.max(error / range ** 2, 1e-10))

async function predict(model: Autoencoder, { image }: ReconstructionBatch): Promise<Reconstruction[]> {
  const { found, errors } = tidy(() => {
    const found = openPass({ training: false, root: model }, () => model.forward(image))
    const inner = found.shape.map((_, axis) => axis).slice(1)
    return { found: clone(found), errors: mean(square(sub(found, image)), inner) } // the model may give what it got
  })
  const pictures = await readPictures(found, errors)
  return pictures.map(({ picture, figure }) => ({ ...picture, error: figure }))
}

const report = ({ loss, psnr, meanAbsoluteError }: ScoresOf<ReconstructionEvaluation>): TaskReport => ({
  headline: `${psnr.toFixed(2)} dB, mean squared error ${loss.toPrecision(4)}, mean absolute error ${meanAbsoluteError.toPrecision(4)}`,
  json: { loss, psnr, meanAbsoluteError },
})
