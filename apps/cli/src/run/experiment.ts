import {
  type Batch,
  type ClassificationSample,
  type Dataset,
  type Loader,
  loader,
  map,
  normalize,
  randomCrop,
  randomHorizontalFlip,
  resize,
  subset,
  type Transform,
} from '@ddnet/datasets'
import { init } from '@ddnet/layers'
import { DDNet, SeedDDNet } from '@ddnet/models'
import { random } from '@ddnet/ops'
import {
  adam,
  adamW,
  chain,
  clipByGlobalNorm,
  constant,
  cosine,
  ema,
  type Optimizer,
  oneCycle,
  type Schedule,
  sgd,
  stepDecay,
} from '@ddnet/optimizers'
import { type Classification, classification } from '@ddnet/tasks'
import type { Config } from '../config/schema.ts'

export type Model = DDNet | SeedDDNet

/** The parts of a run's randomness. */
export const keysOf = ({ seed }: Pick<Config, 'seed'>) => {
  const key = random.key(seed)
  return { model: key.fold('model'), data: key.fold('data'), training: key.fold('training') }
}

export function createModel({ model, seed }: Pick<Config, 'model' | 'seed'>, classes: number): Model {
  const key = keysOf({ seed }).model
  if (model.name === 'seed') return init(new SeedDDNet({ classes }), key)
  return init(new DDNet({ classes, channels: model.channels, normalization: model.normalization }), key)
}

export function createSchedule(
  { schedule, optimizer }: Pick<Config, 'schedule' | 'optimizer'>,
  steps: number,
): Schedule {
  const { learningRate } = optimizer
  switch (schedule.name) {
    case 'oneCycle': {
      const { name, ...options } = schedule
      return oneCycle({ maxLearningRate: learningRate, steps, ...options })
    }
    case 'cosine':
      return cosine({ learningRate, steps, minLearningRate: schedule.minimum })
    case 'stepDecay':
      return stepDecay({ learningRate, every: schedule.every, factor: schedule.factor })
    case 'constant':
      return constant(learningRate)
  }
}

/** @param learningRate in place of the run's own schedule of so many steps */
export function createOptimizer(
  config: Pick<Config, 'schedule' | 'optimizer' | 'clipNorm' | 'average'>,
  steps: number,
  learningRate: Schedule = createSchedule(config, steps),
): Optimizer {
  const { name, ...options } = config.optimizer
  const { clipNorm, average } = config
  return chain(
    ...(clipNorm === null ? [] : [clipByGlobalNorm(clipNorm)]),
    { adam, adamW, sgd }[name]({ ...options, learningRate }),
    ...(average.decay === 0 ? [] : [ema(average.decay)]),
  )
}

/** What the model learns. */
export const taskOf = ({ loss }: Pick<Config, 'loss'>, classNames: readonly string[]): Classification =>
  classification({ classes: classNames, loss })

/** Training images in a new order, newly mirrored and shifted every epoch. */
export function trainingLoader(
  train: Dataset<ClassificationSample>,
  config: Config,
): Loader<Batch<ClassificationSample>> {
  const { flip, crop } = config.data
  const augmentation = [
    ...(flip ? [randomHorizontalFlip()] : []),
    ...scaling(config),
    ...(crop > 0 ? [randomCrop({ padding: crop, paddingMode: 'reflect' })] : []),
  ]
  const images = map(train, ...augmentation, normalization(config))
  return loader(images, { batchSize: config.batchSize, shuffle: true, key: keysOf(config).data })
}

/** The first `count` images (or all, where there are fewer), in their order and as they are. */
export function evaluationLoader(
  images: Dataset<ClassificationSample>,
  config: Config,
  batchSize: number,
  count = images.length,
): Loader<Batch<ClassificationSample>> {
  return loader(map(subset(images, Math.min(count, images.length)), ...preprocessing(config)), { batchSize })
}

/** What every image goes through on its way into the model. */
export const preprocessing = (config: Pick<Config, 'size' | 'data'>): Transform<ClassificationSample>[] => [
  ...scaling(config),
  normalization(config),
]

// CIFAR's own size is 32.
const scaling = ({ size }: Pick<Config, 'size'>): Transform<ClassificationSample>[] =>
  size === 32 ? [] : [resize(size)]

const normalization = ({ data: { mean, std } }: Pick<Config, 'data'>): Transform<ClassificationSample> =>
  normalize({ mean, std })
