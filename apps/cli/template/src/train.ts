import { type ClassificationSample, type Dataset, loader, map, normalize } from '@ddnet/datasets'
import { crossEntropy } from '@ddnet/losses'
import { accuracy } from '@ddnet/metrics'
import type { Key } from '@ddnet/ops'
import { adam, oneCycle } from '@ddnet/optimizers'
import { type Callback, Trainer } from '@ddnet/trainer'
import type { Network } from './model.js'

export interface TrainOptions {
  readonly train: Dataset<ClassificationSample>
  /** To choose by while it trains: the best checkpoint, and your settings. */
  readonly validation: Dataset<ClassificationSample>
  /** To look at once, at the end. */
  readonly test: Dataset<ClassificationSample>
  readonly epochs: number
  readonly key: Key
  readonly callbacks?: readonly Callback[]
}

/** Trains the network; its loss and accuracy on the test images. */
export async function train(model: Network, { train, validation, test, epochs, key, callbacks = [] }: TrainOptions) {
  const scale = normalize({ mean: 0.3, std: 0.25 })
  const batches = loader(map(train, scale), { batchSize: 32, shuffle: true, key: key.fold('data') })
  const trainer = new Trainer({
    model,
    optimizer: adam({ learningRate: oneCycle({ maxLearningRate: 0.01, steps: epochs * batches.length }) }),
    data: { train: batches, validation: loader(map(validation, scale), { batchSize: 100 }) },
    step: ({ image, label }, { model }) => {
      const logits = model.forward(image)
      return { loss: crossEntropy(logits, label), metrics: { accuracy: accuracy(logits, label) } }
    },
    monitor: 'accuracy',
    callbacks: [...callbacks],
  })
  await trainer.fit({ epochs, key: key.fold('training') })
  return trainer.evaluate(loader(map(test, scale), { batchSize: 100 }))
}
