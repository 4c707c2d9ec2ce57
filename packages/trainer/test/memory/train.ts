// `node --expose-gc train.ts FOLDER STEPS SAMPLES` trains a small DDNet and says, as JSON, what it holds at so many steps.
import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { wasm } from '@ddnet/backend-wasm'
import {
  type ClassificationSample,
  type Dataset,
  loader,
  map,
  normalize,
  randomCrop,
  randomHorizontalFlip,
  subset,
} from '@ddnet/datasets'
import { init } from '@ddnet/layers'
import { crossEntropy } from '@ddnet/losses'
import { accuracy } from '@ddnet/metrics'
import { DDNet } from '@ddnet/models'
import { memory, random } from '@ddnet/ops'
import { adam, oneCycle } from '@ddnet/optimizers'
import { tuple } from '@ddnet/testing'
import { checkpoint, jsonl, Trainer } from '@ddnet/trainer'

const [folder, ...numbers] = tuple(process.argv.slice(2), 3)
const [steps, samples] = tuple(numbers.map(Number), 2)

const noise: Dataset<ClassificationSample> = {
  length: 640,
  get: async (index) => ({
    image: { kind: 'image', data: random.uniformValues(random.key(1).fold(index), 8 * 8 * 3), shape: [8, 8, 3] },
    label: index % 2,
  }),
}
const augmented = map(
  noise,
  randomCrop({ size: 8, padding: 1 }),
  randomHorizontalFlip(),
  normalize({ mean: [0.5, 0.5, 0.5], std: [0.3, 0.3, 0.3] }),
)

await wasm()
const trainer = new Trainer({
  model: init(new DDNet({ channels: [4, 8], classes: 2 }), random.key(3)),
  optimizer: adam({ learningRate: oneCycle({ maxLearningRate: 0.01, steps }) }),
  data: {
    train: loader(augmented, { batchSize: 8, shuffle: true, key: random.key(5) }),
    validation: loader(subset(noise, [...Array(64).keys()]), { batchSize: 32 }),
  },
  step: ({ image, label }, { model }) => {
    const logits = model.forward(image)
    return { loss: crossEntropy(logits, label), metrics: { accuracy: accuracy(logits, label) } }
  },
  monitor: 'accuracy',
  callbacks: [
    {
      name: 'samples',
      needsState: (step) => step % (steps / samples) === 0,
      async onStep({ step }) {
        if (step % (steps / samples) !== 0) return
        // Twice, with a turn of the event loop for finalizers: one pass leaves what only they let go of.
        for (let pass = 0; pass < 2; pass++) {
          globalThis.gc?.()
          await setImmediate()
        }
        const { numTensors, numBytes } = memory()
        const { heapUsed, external, rss } = process.memoryUsage()
        process.stdout.write(`${JSON.stringify({ step, numTensors, numBytes, heap: heapUsed + external, rss })}\n`)
      },
    },
    jsonl({ to: path.join(folder, 'metrics.jsonl') }),
    checkpoint({ directory: path.join(folder, 'checkpoints'), every: steps / samples, keep: 2 }),
  ],
})
const { history } = await trainer.fit({
  steps,
  validateEvery: steps / samples,
  key: random.key(7),
})
if (history.steps.length !== Math.min(steps, 10_000)) throw new Error(`the history has ${history.steps.length} steps`)
