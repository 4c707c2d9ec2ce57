import { imageDataset } from '@ddnet/datasets'
import { summary } from '@ddnet/layers'
import { dispose, random, type Tensor, type Tensor4D, tidy } from '@ddnet/ops'
import { classification } from '@ddnet/tasks'
import { type Profile, Trainer } from '@ddnet/trainer'
import type { Config } from '../config/schema.ts'
import {
  createModel,
  createOptimizer,
  evaluationLoader,
  keysOf,
  type Model,
  trainingLoader,
} from '../run/experiment.ts'

/** Multiply-adds of a forward pass that a shortened step has at most: those of 64 images in DDNet. */
const maxWork = 1e9

/** A run as it is measured: the images are noise, of which it is known how many classes they are of. */
export interface MeasuredRun {
  readonly config: Config
  readonly classes: number
}

export interface MeasuredSteps {
  readonly model: Model
  /** Images a batch; a step has `accumulate` of them. */
  readonly batchSize: number
  /** Trains so many steps; milliseconds a step. */
  run(steps: number): Promise<number>
  /** So many batches through the model, without gradients; milliseconds a batch. */
  forward(batches: number): Promise<number>
  /** Where the time of a step goes, over so many steps. */
  profile(steps: number): Promise<Profile>
  dispose(): void
}

/**
 * Training steps as the run will make them, on images of noise in memory, on the running backend.
 *
 * @param shortened one batch a step, of fewer images than the run's where that would be long
 * @param check throws where the model is too large, before anything of the size of a batch is made
 */
export function measuredSteps(
  { config, classes }: MeasuredRun,
  { shortened = false, check = () => {} }: { shortened?: boolean; check?: (model: Model) => void } = {},
): MeasuredSteps {
  const model = createModel(config, classes)
  check(model)
  // Whatever the run's rate may be, steps that are only measured must not diverge.
  const optimizer = createOptimizer({ ...config, optimizer: { ...config.optimizer, learningRate: 1e-6 } }, 1000)
  const fitting = Math.max(1, Math.floor(maxWork / work(model, config)))
  const batchSize = shortened ? Math.min(config.batchSize, fitting) : config.batchSize
  const accumulate = shortened ? 1 : config.accumulate
  const count = batchSize * accumulate
  const height = config.data.name === 'folder' ? config.size : 32 // as they come out of the files
  const images = imageDataset({
    images: Uint8Array.from(random.uniformValues(random.key(0), count * height * height * 3), (value) => value * 256),
    labels: Array.from({ length: count }, (_, index) => index % classes),
    shape: [height, height, 3],
  })
  const trainer = () =>
    new Trainer({
      model,
      optimizer,
      data: { train: trainingLoader(images, { ...config, batchSize }) },
      ...classification({ classes, loss: config.loss }),
      accumulate,
    })
  let batch: Tensor4D | undefined
  return {
    model,
    batchSize,
    async run(steps) {
      const fit = trainer()
      const start = performance.now()
      await fit.fit({ steps, key: keysOf(config).training })
      return (performance.now() - start) / steps
    },
    async forward(batches) {
      if (batch === undefined) {
        for await (const { image, label } of evaluationLoader(images, config, batchSize, batchSize)) {
          batch = image
          dispose([label])
        }
      }
      const start = performance.now()
      // A device works in the order of its orders: it has done all when the last result arrives.
      let last: Tensor | undefined
      for (let done = 0; done < batches; done++) {
        last?.dispose()
        last = tidy(() => model.predict(batch as Tensor4D))
      }
      await last?.data()
      last?.dispose()
      return (performance.now() - start) / batches
    },
    profile: (steps) => trainer().profile({ steps }),
    dispose() {
      batch?.dispose()
      model.dispose()
    },
  }
}

/** Multiply-adds of one image, from a small one. */
const work = (model: Model, { size }: Config): number => summary(model, [1, 32, 32, 3]).multiplyAdds * (size / 32) ** 2
