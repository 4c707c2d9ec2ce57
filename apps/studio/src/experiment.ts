import {
  type Batch,
  type Cifar10,
  type ClassificationSample,
  type Dataset,
  type Loader,
  loader,
  map,
  normalize,
  randomHorizontalFlip,
  subset,
  validationSplit,
} from '@ddnet/datasets'
import { init } from '@ddnet/layers'
import { DDNet } from '@ddnet/models'
import { type Backend, dispose, random, type Tensor1D, zeros } from '@ddnet/ops'
import { adam, oneCycle } from '@ddnet/optimizers'
import { classification } from '@ddnet/tasks'
import { type Callback, type FitResult, type Json, type Snapshot, Trainer, type TrainingData } from '@ddnet/trainer'

export const mean = 0.4734
export const std = 0.2516
export const maxLearningRate = 4e-3

/** What one run of the page trains: `ddnet train`'s recipe, with the same randomness for the same seed. */
export interface Recipe {
  readonly steps: number
  readonly batchSize: number
  readonly seed: number
  readonly validationImages: number
  /** In steps. */
  readonly validateEvery: number
  /** All settings of the run as it was saved, where it was opened: they stay with it. */
  readonly settings?: Settings
}

/** The settings of `ddnet train`, some of them in groups. */
export type Settings = Readonly<Record<string, Json>>

const keysOf = (seed: number) => {
  const key = random.key(seed)
  return { model: key.fold('model'), data: key.fold('data'), training: key.fold('training') }
}

export const createModel = ({ seed }: Pick<Recipe, 'seed'>): DDNet => init(new DDNet(), keysOf(seed).model)

/** Images to train on, and images to measure on while training. */
export interface Images {
  readonly train: Dataset<ClassificationSample>
  readonly validation: Dataset<ClassificationSample>
  /** How many others there are, which are not looked at here. */
  readonly testImages: number
  readonly classNames: readonly string[]
}

/** The share of the training images that is kept to measure on, as `ddnet train` does it: the test images are not looked at. */
export const validationShare = 0.1

export const imagesOf = ({ train, test, classNames }: Cifar10): Images => ({
  ...validationSplit(train, validationShare),
  testImages: test.length,
  classNames,
})

/** Shuffled and mirrored training images in batches. */
export const trainingBatches = (
  { train }: Images,
  { batchSize, seed }: Pick<Recipe, 'batchSize' | 'seed'>,
): Loader<Batch<ClassificationSample>> =>
  loader(map(train, randomHorizontalFlip(), normalize({ mean, std })), {
    batchSize,
    shuffle: true,
    key: keysOf(seed).data,
  })

const validationBatches = (
  { validation }: Images,
  { validationImages }: Recipe,
): Loader<Batch<ClassificationSample>> => {
  const count = Math.min(validationImages, validation.length)
  return loader(map(subset(validation, count), normalize({ mean, std })), { batchSize: Math.min(count, 100) })
}

const createTrainer = (
  model: DDNet,
  { classNames }: Images,
  { steps }: Recipe,
  { data, callbacks = [] }: { data?: TrainingData<Batch<ClassificationSample>>; callbacks?: readonly Callback[] } = {},
) =>
  new Trainer({
    model,
    optimizer: adam({ learningRate: oneCycle({ maxLearningRate, steps }) }),
    ...(data && { data }),
    ...classification({ classes: classNames }),
    callbacks,
  })

/** Compiles what the run needs, where the backend compiles: batches of each size that comes. */
export async function prepare(
  backend: Backend,
  model: DDNet,
  images: Images,
  recipe: Recipe,
  onProgress: (progress: { done: number; total: number }) => void,
): Promise<void> {
  const { train, validation } = images
  const count = Math.min(recipe.validationImages, validation.length)
  const [training, evaluation] = [
    sizesOf(train.length, recipe.batchSize).map(emptyBatch),
    sizesOf(count, Math.min(count, 100)).map(emptyBatch),
  ]
  await createTrainer(model, images, recipe).prepare(backend, { training, evaluation, onProgress })
  for (const batch of [...training, ...evaluation]) dispose(Object.values(batch))
}

/** The full batch and, if there is one, the smaller last one. */
const sizesOf = (length: number, batchSize: number): number[] =>
  [Math.min(batchSize, length), length % batchSize].filter((size) => size > 0)

const emptyBatch = (size: number): Batch<ClassificationSample> => ({
  image: zeros([size, 32, 32, 3]),
  label: zeros([size], 'int32') as Tensor1D,
})

export interface TrainOptions {
  readonly callback?: Callback
  /** Wraps the training batches, to look at them. */
  readonly watch?: (batches: Loader<Batch<ClassificationSample>>) => Loader<Batch<ClassificationSample>>
  readonly resume?: Snapshot | undefined
}

/** Trains `model` in place. */
export function train(
  model: DDNet,
  data: Images,
  recipe: Recipe,
  { callback = {}, watch = (batches) => batches, resume }: TrainOptions = {},
): Promise<FitResult> {
  const batches = { train: watch(trainingBatches(data, recipe)), validation: validationBatches(data, recipe) }
  return createTrainer(model, data, recipe, { data: batches, callbacks: [callback] }).fit({
    steps: recipe.steps,
    validateEvery: recipe.validateEvery,
    key: keysOf(recipe.seed).training,
    ...(resume && { resume }),
  })
}
