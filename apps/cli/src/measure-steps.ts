import { imageDataset } from '@ddnet/datasets'
import { crossEntropy } from '@ddnet/losses'
import { random } from '@ddnet/ops'
import { Trainer } from '@ddnet/trainer'
import type { Config } from './config/schema.ts'
import { createModel, createOptimizer, keysOf, type Model, trainingLoader } from './experiment.ts'

/** Multiply-adds of a forward pass that a measured step has at most: those of 64 images in DDNet. */
const largestWork = 1e9
const classes = 10

export interface MeasuredSteps {
  /** Images a measured step: the run's, or fewer where a step of the run would be long. */
  readonly batchSize: number
  /** Trains so many steps; milliseconds a step. */
  run(steps: number): Promise<number>
  dispose(): void
}

/** Training steps as the run will make them, on images of noise, on the running backend. */
export function measuredSteps(config: Config): MeasuredSteps {
  const model = createModel(config, classes)
  // Whatever the run's rate may be, steps that are only measured must not diverge.
  const optimizer = createOptimizer({ ...config, optimizer: { ...config.optimizer, learningRate: 1e-6 } }, 1000)
  const batchSize = Math.max(1, Math.min(config.batchSize, Math.floor(largestWork / work(model, config))))
  const images = imageDataset({
    images: Uint8Array.from(random.uniformValues(random.key(0), batchSize * 32 * 32 * 3), (value) => value * 256),
    labels: Array.from({ length: batchSize }, (_, index) => index % classes),
    shape: [32, 32, 3],
  })
  return {
    batchSize,
    async run(steps) {
      const trainer = new Trainer({ model, loss: crossEntropy(), optimizer })
      const start = performance.now()
      await trainer.fit(trainingLoader(images, { ...config, batchSize }), { steps, key: keysOf(config).training })
      return (performance.now() - start) / steps
    },
    dispose: () => model.dispose(),
  }
}

/** Multiply-adds of one image, from a small one. */
const work = (model: Model, { size }: Config): number => model.summary([1, 32, 32, 3]).multiplyAdds * (size / 32) ** 2
