import {
  type Batch,
  type Dataset,
  type Loader,
  loader,
  map,
  normalize,
  randomHorizontalFlip,
  resize,
  type Sample,
  subset,
  type Transform,
} from '@ddnet/datasets'
import { DDNet, type SeedDDNet, seedDDNet } from '@ddnet/models'
import { random } from '@ddnet/ops'
import {
  adam,
  adamW,
  constant,
  cosine,
  type Optimizer,
  oneCycle,
  type Schedule,
  sgd,
  stepDecay,
} from '@ddnet/optimizers'
import type { Config } from './config/schema.ts'

export type Model = DDNet | SeedDDNet

/** The parts of a run's randomness. */
export const keysOf = ({ seed }: Pick<Config, 'seed'>) => {
  const key = random.key(seed)
  return { model: key.fold('model'), data: key.fold('data'), training: key.fold('training') }
}

export function createModel({ model, seed }: Pick<Config, 'model' | 'seed'>, classes: number): Model {
  const key = keysOf({ seed }).model
  if (model.name === 'seed') return seedDDNet({ key, classes })
  return new DDNet({ key, classes, channels: model.channels, normalization: model.normalization })
}

export function createSchedule(
  { schedule, optimizer }: Pick<Config, 'schedule' | 'optimizer'>,
  steps: number,
): Schedule {
  const { learningRate } = optimizer
  switch (schedule.name) {
    case 'oneCycle': {
      const { name, ...options } = schedule
      return oneCycle({ peak: learningRate, steps, ...options })
    }
    case 'cosine':
      return cosine({ learningRate, steps, minimum: schedule.minimum })
    case 'stepDecay':
      return stepDecay({ learningRate, every: schedule.every, factor: schedule.factor })
    case 'constant':
      return constant(learningRate)
  }
}

export function createOptimizer(config: Pick<Config, 'schedule' | 'optimizer'>, steps: number): Optimizer {
  const { name, ...options } = config.optimizer
  const scheduled = { ...options, learningRate: createSchedule(config, steps) }
  return { adam, adamW, sgd }[name](scheduled)
}

/** Steps an epoch; the last batch may be smaller. */
export const stepsPerEpoch = (images: number, { batchSize }: Pick<Config, 'batchSize'>): number =>
  Math.ceil(images / batchSize)

/** Steps of the whole run. */
export const totalSteps = (config: Pick<Config, 'batchSize' | 'epochs' | 'steps'>, images: number): number =>
  config.steps ?? (config.epochs as number) * stepsPerEpoch(images, config) // resolveConfig leaves exactly one of them null

/** Training images in a new order and newly mirrored every epoch. */
export function trainingLoader(train: Dataset<Sample>, config: Config): Loader<Batch> {
  const flip = config.data.flip ? [randomHorizontalFlip()] : []
  const images = map(train, ...flip, ...preprocessing(config))
  return loader(images, { batchSize: config.batchSize, shuffle: true, key: keysOf(config).data })
}

/** The first `count` test images (or all, where there are fewer), in their order. */
export function testLoader(
  test: Dataset<Sample>,
  config: Config,
  batchSize: number,
  count = test.length,
): Loader<Batch> {
  return loader(map(subset(test, Math.min(count, test.length)), ...preprocessing(config)), { batchSize })
}

/** What every image goes through on its way into the model. */
export function preprocessing({ size, data }: Pick<Config, 'size' | 'data'>): Transform<Sample>[] {
  const scaled = size === 32 ? [] : [resize(size)] // CIFAR's own size
  return [...scaled, normalize({ mean: data.mean, std: data.std })]
}
