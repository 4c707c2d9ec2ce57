import { type Module, type ModuleOf, openPass } from '@ddnet/layers'
import {
  type GanLoss,
  gradientPenalty,
  hingeGan,
  type Loss,
  nonSaturatingGan,
  wassersteinGan,
  weighted,
} from '@ddnet/losses'
import { average, formatPercent, frechetDistance, type Measure } from '@ddnet/metrics'
import {
  add,
  avgPool2d,
  cast,
  detach,
  div,
  greater,
  type Key,
  less,
  mean,
  random,
  reshape,
  sigmoid,
  type Tensor,
  tidy,
  toHost,
} from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import type { ScoresOf } from '@ddnet/trainer'
import { grid } from '@ddnet/visuals'
import { expectRange, labelsFor, type PixelRange, toSigned } from './generation.ts'
import type { Networks, ScoreView, Task, TaskReport } from './task.ts'

/** What a batch must have: pictures `[batch, height, width, channels]`, and where the networks are told them their classes, int32 `[batch]`. */
export interface GanBatch {
  readonly image: Tensor
  readonly label?: Tensor
}

/** A generator of pictures of −1 … 1 and its discriminator, as `DCGAN` of `@ddnet/models`. */
export type GeneratorAndDiscriminator = Module & {
  readonly generator: ModuleOf<[noise: Tensor, labels?: Tensor], Tensor> & { readonly latent: number }
  readonly discriminator: ModuleOf<[images: Tensor, labels?: Tensor], Tensor>
}

/** What the discriminator says of a picture. */
export interface Judgement {
  /** A probability that it is real with the non-saturating loss, else any number, the higher the more real. */
  readonly real: number
}

export type GanMeasures = { readonly gridDistance: Measure; readonly told: Measure }

export interface GanOptions {
  /** How many channels the pictures have. */
  readonly channels: number
  /** Which losses: 'nonSaturating' by default, 'hinge', or 'wasserstein' with a gradient penalty. */
  readonly loss?: 'nonSaturating' | 'hinge' | 'wasserstein'
  /** What the gradient penalty weighs: 10 by default with 'wasserstein', else 0. */
  readonly penalty?: number
  /** The generator learns in every so many steps: 5 by default with 'wasserstein', else 1. */
  readonly criticSteps?: number
  /** What black and white are in the batches, [0, 1] by default. */
  readonly range?: PixelRange
  /** Of how many classes the pictures are, where the networks are told. */
  readonly conditionClasses?: number | undefined
}

export type GanTask = Task<GanBatch, GeneratorAndDiscriminator, GanMeasures, GanMeasures, Judgement>

const losses: Readonly<Record<NonNullable<GanOptions['loss']>, GanLoss>> = {
  nonSaturating: nonSaturatingGan,
  hinge: hingeGan,
  wasserstein: wassersteinGan,
}

/**
 * A generator that learns to make pictures which a discriminator takes for real, while that learns to tell them apart: two networks, each by an
 * optimizer of its own. In each step the discriminator learns first.
 *
 * Their losses say little of the pictures, so the measure that is monitored is another one: the Fréchet distance between real and
 * generated pictures as averages over a grid of 4 × 4, which falls as colors, shapes and their variety come near; not what they show.
 *
 * @throws RangeError for a range without extent, a penalty below 0, and criticSteps that are no positive integer
 * @see Goodfellow et al. 2014; Lim and Ye 2017 for 'hinge'; Gulrajani et al. 2017 for 'wasserstein'
 */
export function gan(options: GanOptions): GanTask {
  const { channels, loss = 'nonSaturating', range = [0, 1], conditionClasses } = options
  const isWasserstein = loss === 'wasserstein'
  const { penalty = isWasserstein ? 10 : 0, criticSteps = isWasserstein ? 5 : 1 } = options
  expectRange('gan', range)
  if (!(penalty >= 0 && Number.isFinite(penalty))) {
    throw new RangeError(`gan: expected a penalty of at least 0, got ${penalty}.`)
  }
  if (!Number.isInteger(criticSteps) || criticSteps < 1) {
    throw new RangeError(`gan: expected criticSteps as a whole number of at least 1, got ${criticSteps}.`)
  }
  const made = losses[loss]
  const noiseFor = (count: number, latent: number, key: Key) => random.normal(key, [count, latent])

  /** Of a batch as many new pictures, and what the discriminator says of both. */
  const judged: GanTask['evaluate'] = (batch, { model, key }) => {
    const labels = labelsFor('gan', conditionClasses, batch)
    const real = toSigned(batch.image, range)
    const count = itemAt(real.shape, 0)
    const fake = model.generator.forward(noiseFor(count, model.generator.latent, key.fold('noise')), labels)
    const [ofReal, ofFake] = [model.discriminator.forward(real, labels), model.discriminator.forward(fake, labels)]
    const middle = isWasserstein ? div(add(mean(ofReal), mean(ofFake)), 2) : 0
    const right = div(add(cast(greater(ofReal, middle), 'float32'), cast(less(ofFake, middle), 'float32')), 2)
    return {
      loss: { discriminator: made.discriminator(ofReal, ofFake), generator: made.generator(ofFake) },
      metrics: {
        gridDistance: frechetDistance(inGrid(real), inGrid(fake)),
        told: average(right, { format: formatPercent }),
      },
    }
  }
  const networks: Networks<
    GanBatch,
    GeneratorAndDiscriminator,
    Pick<GeneratorAndDiscriminator, 'discriminator' | 'generator'>
  > = {
    of: ({ discriminator, generator }) => ({ discriminator, generator }),
    every: { generator: criticSteps },
    step: (batch, { models, update, key, step }) => {
      const { discriminator, generator } = models
      const labels = labelsFor('gan', conditionClasses, batch)
      const real = toSigned(batch.image, range)
      const count = itemAt(real.shape, 0)
      const noise = (name: string) => noiseFor(count, generator.latent, key.fold(name))
      const fake = detach(generator.forward(noise('discriminator'), labels))
      const critic = (x: Tensor) => discriminator.forward(x, labels)
      const told = update(
        'discriminator',
        (): Readonly<Record<string, Loss>> => ({
          discriminator: made.discriminator(critic(real), critic(fake)),
          ...(penalty > 0 && {
            penalty: weighted(gradientPenalty(critic, real, fake, { key: key.fold('penalty') }), penalty),
          }),
        }),
      )
      if (step % criticSteps !== 0) return told
      const generatorLoss = update('generator', () =>
        made.generator(critic(generator.forward(noise('generator'), labels))),
      )
      return { ...told, generator: generatorLoss }
    },
  }
  return {
    kind: 'task',
    name: 'gan',
    fields: { image: 'image', ...(conditionClasses !== undefined && { label: 'class' }) },
    outputs: channels,
    conditionClasses,
    output: { values: 'pictures of −1 … 1' },
    generation: {
      noiseShape: ({ generator: { latent } }) => [latent],
      generate: ({ generator }, noise, { labels }) =>
        tidy(() =>
          openPass({ training: false, root: generator }, () => div(add(generator.forward(noise, labels), 1), 2)),
        ),
    },
    networks,
    monitor: 'gridDistance',
    scores: { loss: lossView, gridDistance: distanceView, told: toldView },
    step: judged,
    evaluate: judged,
    predict: async (model, batch) => {
      const found = tidy(() =>
        openPass({ training: false, root: model }, () => {
          const logits = model.discriminator.forward(
            toSigned(batch.image, range),
            labelsFor('gan', conditionClasses, batch),
          )
          return loss === 'nonSaturating' ? sigmoid(logits) : logits
        }),
      )
      try {
        const { data } = await toHost(found)
        return Array.from(data, Number).map((real) => ({ real }))
      } finally {
        found.dispose()
      }
    },
    views: {
      line: ({ real }) =>
        loss === 'nonSaturating' ? `taken for real ${formatPercent(real)}` : `score ${real.toPrecision(3)}`,
      json: ({ real }) => ({ real }),
      rows: ({ real }) => [{ real }],
      picture: (samples) => grid(samples.map(({ image }) => image)),
      report,
      page: () => ({}),
    },
  }
}

/** Averages over a grid of at most 4 × 4, `[batch, values]`. */
function inGrid(images: Tensor): Tensor {
  const [batch = 0, height = 1, width = 1] = images.shape
  const kernelSize: [number, number] = [Math.ceil(height / 4), Math.ceil(width / 4)]
  return reshape(avgPool2d(images, { kernelSize, stride: kernelSize, ceilMode: true }), [batch, -1])
}

const lossView: ScoreView = { title: 'loss', short: 'loss', better: 'lower', format: (value) => value.toFixed(3) }
const distanceView: ScoreView = {
  title: 'Fréchet distance in a grid of 4 × 4',
  short: 'dist',
  better: 'lower',
  format: (value) => value.toFixed(3),
}
const toldView: ScoreView = {
  title: 'told apart by the discriminator',
  short: 'told',
  better: 'lower',
  percent: true,
  format: formatPercent,
}

const report = ({ loss, gridDistance, told }: ScoresOf<GanMeasures>): TaskReport => ({
  headline: `distance in a grid of 4 × 4 ${gridDistance.toFixed(4)}, told apart ${formatPercent(told)} (50% is a guess)`,
  json: { loss, gridDistance, told },
})
