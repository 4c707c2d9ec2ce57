import { type Module, openPass } from '@ddnet/layers'
import { bceWithLogits, gaussianKl, mse, negativeElbo } from '@ddnet/losses'
import { type Measure, sumMeasure } from '@ddnet/metrics'
import { type Posterior, reparameterize } from '@ddnet/models'
import { add, clamp, div, mul, neg, random, scalar, sigmoid, sum, type Tensor, tidy } from '@ddnet/ops'
import type { ScoresOf, StepContext } from '@ddnet/trainer'
import { expectRange, labelsFor, type PixelRange, toUnit } from './generation.ts'
import { type MadePicture, madeTable, readPictures } from './made-pictures.ts'
import type { ScoreView, Task, TaskReport } from './task.ts'

/** What a batch must have: pictures `[batch, height, width, channels]`, and where the model is told them their classes, int32 `[batch]`. */
export interface VaeBatch {
  readonly image: Tensor
  readonly label?: Tensor
}

/** A model that makes Gaussians of images, and images of draws from them, as `VAE` of `@ddnet/models`. */
export type VariationalAutoencoder = Module & {
  readonly latent: number
  encode(images: Tensor, labels?: Tensor): Posterior
  decode(z: Tensor, labels?: Tensor): Tensor
}

/** A picture as the model makes it again. */
export interface VaeReconstruction extends MadePicture {
  /** The evidence lower bound of this picture, in nats. */
  readonly elbo: number
}

export type VaeMeasures = { readonly bitsPerDimension: Measure }
export type VaeEvaluation = VaeMeasures & { readonly elbo: Measure; readonly divergence: Measure }

export interface VaeOptions {
  /** How many channels the pictures have. */
  readonly channels: number
  /** How much the divergence counts in the loss: 1 by default. */
  readonly beta?: number
  /**
   * What a value of a picture is drawn from: 'bernoulli', the default, by logits, as if each were black or white with the probability of its
   * gray; or 'gaussian' of standard deviation `deviation`.
   */
  readonly likelihood?: 'bernoulli' | 'gaussian'
  /** Of the Gaussian, in pictures of 0 … 1: 0.1 by default. */
  readonly deviation?: number
  /** What black and white are in the batches, [0, 1] by default. */
  readonly range?: PixelRange
  /** Of how many classes the pictures are, where the model is told. */
  readonly conditionClasses?: number | undefined
}

export type VaeTask = Task<VaeBatch, VariationalAutoencoder, VaeMeasures, VaeEvaluation, VaeReconstruction>

/**
 * A variational auto-encoder: the negative evidence lower bound of pictures, `−log p(x | z) + beta · KL(q(z | x) ‖ N(0, 1))`, with one draw
 * of z for each in training and in evaluation. New pictures are decoded from standard normal numbers.
 *
 * Bits per dimension are `−ELBO / (values · ln 2)` with beta 1; of Gaussians, which are densities, for pictures in steps of 1/255.
 *
 * @throws RangeError for a range without extent, a beta below 0, and a deviation that is not above 0
 * @see Kingma and Welling 2014, "Auto-encoding variational Bayes"; Higgins et al. 2017 for beta
 * @example new Trainer({ model: new VAE({ inChannels: 1, size: 28, channels: [32, 64] }), optimizer, data, ...vae({ channels: 1 }) })
 */
export function vae(options: VaeOptions): VaeTask {
  const { channels, beta = 1, likelihood = 'bernoulli', deviation = 0.1, range = [0, 1], conditionClasses } = options
  expectRange('vae', range)
  if (!(beta >= 0 && Number.isFinite(beta))) throw new RangeError(`vae: expected beta of at least 0, got ${beta}.`)
  if (!(deviation > 0 && Number.isFinite(deviation))) {
    throw new RangeError(`vae: expected a deviation above 0, got ${deviation}.`)
  }
  const isGaussian = likelihood === 'gaussian'
  // A density of one value, and pictures that are in steps of 1/255.
  const constant = isGaussian ? Math.log(deviation * Math.sqrt(2 * Math.PI)) + Math.log(255) : 0
  const pixels = (decoded: Tensor) => (isGaussian ? clamp(decoded, { min: 0, max: 1 }) : sigmoid(decoded))

  const bound = (batch: VaeBatch, { model, key }: Pick<StepContext<VariationalAutoencoder>, 'model' | 'key'>) => {
    const labels = labelsFor('vae', conditionClasses, batch)
    const posterior = model.encode(batch.image, labels)
    const decoded = model.decode(reparameterize(posterior, key.fold('latent')), labels)
    const images = toUnit(batch.image, range)
    const [made, real] = isGaussian ? [div(decoded, deviation), div(images, deviation)] : [decoded, images]
    const loss = { ...negativeElbo(made, real, posterior, { beta, likelihood }) }
    const kl = gaussianKl(posterior).mean
    const count = batch.image.shape[0] ?? 0
    const values = batch.image.size / Math.max(1, count)
    const nats = add(add(loss.reconstruction.mean, constant * values), kl) // of a picture, with beta 1
    return { loss, kl, nats, count, values }
  }
  type Bound = ReturnType<typeof bound>
  const bits = ({ nats, count, values }: Bound) =>
    meanOver(nats, count, {
      scale: 1 / (values * Math.LN2),
      better: 'lower',
      format: (value) => value.toFixed(3),
    })

  const predict: VaeTask['predict'] = async (model, batch) => {
    const { made, elbos } = tidy(() =>
      openPass({ training: false, root: model }, () => {
        const labels = labelsFor('vae', conditionClasses, batch)
        const posterior = model.encode(batch.image, labels)
        const drawn = model.decode(reparameterize(posterior, random.key(0)), labels)
        const images = toUnit(batch.image, range)
        const unlikely = isGaussian
          ? add(mul(0.5 / deviation ** 2, mse(drawn, images, { reduction: 'none' })), constant)
          : bceWithLogits(drawn, images, { reduction: 'none' })
        const inner = [1, 2, 3]
        const kl = sum(gaussianKl(posterior, { reduction: 'none' }), 1) // [batch]
        return { made: pixels(model.decode(posterior.mean, labels)), elbos: neg(add(sum(unlikely, inner), kl)) }
      }),
    )
    const found = await readPictures(made, elbos)
    return found.map(({ picture, figure }) => ({ ...picture, elbo: figure }))
  }
  const picture: VaeTask['views']['picture'] = (samples, { title } = {}) => madeTable(samples, 'made again', title)
  return {
    kind: 'task',
    name: 'vae',
    fields: { image: 'image', ...(conditionClasses !== undefined && { label: 'class' }) },
    outputs: channels,
    conditionClasses,
    output: isGaussian
      ? { values: 'pictures of 0 … 1' }
      : { values: 'logits of pictures of 0 … 1', probabilities: 'sigmoid' },
    generation: {
      noiseShape: ({ latent }) => [latent],
      generate: (model, noise, { labels }) =>
        tidy(() => openPass({ training: false, root: model }, () => pixels(model.decode(noise, labels)))),
    },
    monitor: 'loss',
    scores: { loss: lossView, bitsPerDimension: bitsView },
    step: (batch, context) => {
      const found = bound(batch, context)
      return { loss: found.loss, metrics: { bitsPerDimension: bits(found) } }
    },
    evaluate: (batch, context) => {
      const found = bound(batch, context)
      const { nats, kl, count } = found
      return {
        loss: found.loss,
        metrics: {
          bitsPerDimension: bits(found),
          elbo: meanOver(nats, count, { scale: -1, better: 'higher' }),
          divergence: meanOver(kl, count, {}),
        },
      }
    },
    predict,
    views: {
      line: ({ elbo }) => `ELBO ${elbo.toFixed(1)} nats`,
      json: ({ shape, elbo }) => ({ shape: [...shape], elbo }),
      rows: ({ elbo }) => [{ elbo }],
      picture,
      report,
      page: (_, samples) =>
        samples.length === 0 ? {} : { pictures: [{ title: 'Reconstructions', picture: picture(samples) }] },
    },
  }
}

/** The mean over pictures of a value that is a mean over those of a batch. */
const meanOver = (
  mean: Tensor,
  count: number,
  { scale = 1, ...told }: { scale?: number; better?: 'higher' | 'lower'; format?: (value: number) => string },
): Measure =>
  sumMeasure({
    sums: { total: mul(mean, count), count: scalar(count) },
    compute: ({ total: [total = 0], count: [count = 0] }) => (scale * total) / count,
    ...told,
  })

const lossView: ScoreView = { title: 'loss', short: 'loss', better: 'lower', format: (value) => value.toFixed(2) }
const bitsView: ScoreView = {
  title: 'bits per dimension',
  short: 'bpd',
  better: 'lower',
  format: (value) => value.toFixed(3),
}

const report = ({ loss, bitsPerDimension, elbo, divergence }: ScoresOf<VaeEvaluation>): TaskReport => ({
  headline: `ELBO ${elbo.toFixed(2)} nats (${bitsPerDimension.toFixed(4)} bits per dimension), of which the divergence is ${divergence.toFixed(2)}`,
  json: { loss, elbo, bitsPerDimension, divergence },
})
