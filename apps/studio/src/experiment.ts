import {
  type Batch,
  type Cifar10,
  type Loader,
  loader,
  map,
  normalize,
  randomHorizontalFlip,
  subset,
} from '@ddnet/datasets'
import { crossEntropy } from '@ddnet/losses'
import { accuracy } from '@ddnet/metrics'
import { DDNet } from '@ddnet/models'
import { random } from '@ddnet/ops'
import { adam, oneCycle } from '@ddnet/optimizers'
import { type Callback, type FitResult, Trainer } from '@ddnet/trainer'
import type { Settings } from './settings.ts'

export const mean = 0.4734
export const std = 0.2516

/** What one run of the page trains: `ddnet train`'s recipe, with the same randomness for the same seed. */
export type Recipe = Pick<Settings, 'steps' | 'batchSize' | 'seed' | 'testImages'>

const keysOf = (seed: number) => {
  const key = random.key(seed)
  return { model: key.fold('model'), data: key.fold('data'), training: key.fold('training') }
}

export const createModel = ({ seed }: Pick<Recipe, 'seed'>): DDNet => new DDNet({ key: keysOf(seed).model })

/** Shuffled and mirrored training images in batches. */
export const trainingBatches = ({ train }: Cifar10, { batchSize, seed }: Recipe): Loader<Batch> =>
  loader(map(train, randomHorizontalFlip(), normalize({ mean, std })), {
    batchSize,
    shuffle: true,
    key: keysOf(seed).data,
  })

/** Trains `model` in place. `watch` may wrap the training batches to look at them. */
export function train(
  model: DDNet,
  data: Cifar10,
  recipe: Recipe,
  callback: Callback,
  watch: (batches: Loader<Batch>) => Loader<Batch> = (batches) => batches,
): Promise<FitResult> {
  const { steps, seed } = recipe
  const trainer = new Trainer({
    model,
    loss: crossEntropy(),
    metrics: { accuracy: accuracy() },
    optimizer: adam({ learningRate: oneCycle({ peak: 4e-3, steps }) }),
    callbacks: [callback],
  })
  const count = Math.min(recipe.testImages, data.test.length)
  return trainer.fit(watch(trainingBatches(data, recipe)), {
    steps,
    validation: loader(map(subset(data.test, count), normalize({ mean, std })), { batchSize: Math.min(count, 100) }),
    validateEvery: Math.max(5, Math.round(steps / 20)),
    key: keysOf(seed).training,
    // What the page shows, and where it pauses, is the step that was just done.
    lag: 0,
  })
}
