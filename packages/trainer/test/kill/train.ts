// `train.ts FOLDER STEPS KEEP` trains DDNet in a folder, from its last checkpoint if it has one, and says each step on
// stdout: the process that kill-and-resume.ts kills.
import path from 'node:path'
import { wasm } from '@ddnet/backend-wasm'
import { type ClassificationSample, type Dataset, loader } from '@ddnet/datasets'
import { init } from '@ddnet/layers'
import { crossEntropy } from '@ddnet/losses'
import { accuracy } from '@ddnet/metrics'
import { DDNet } from '@ddnet/models'
import { random } from '@ddnet/ops'
import { adam, oneCycle } from '@ddnet/optimizers'
import { itemAt, tuple } from '@ddnet/testing'
import { type Checkpoint, CheckpointError, checkpoint, jsonl, loadCheckpoint, Trainer } from '@ddnet/trainer'

const [folder, ...numbers] = tuple(process.argv.slice(2), 3)
const [steps, keep] = tuple(numbers.map(Number), 2)
const directory = path.join(folder, 'checkpoints')

/** Noise of 8 × 8 × 3 with a brighter half, the label; each sample is flipped or not by its key. */
const halves: Dataset<ClassificationSample> = {
  length: 28,
  async get(index, { key } = {}) {
    const label = index % 2
    const image = random.uniformValues(random.key(1).fold(index), 8 * 8 * 3)
    for (let at = 0; at < 96; at++) image[label * 96 + at] = itemAt(image, label * 96 + at) + 0.5
    const data = key && random.integer(key, 2) === 1 ? image.toReversed() : image
    return { image: { kind: 'image', data, shape: [8, 8, 3] }, label }
  },
}

async function lastCheckpoint(): Promise<Checkpoint | undefined> {
  try {
    return await loadCheckpoint(path.join(directory, 'last'))
  } catch (error) {
    if (error instanceof CheckpointError && error.message.includes('there is no checkpoint')) return undefined
    throw error
  }
}

await wasm()
const resume = await lastCheckpoint()
const trainer = new Trainer({
  model: init(new DDNet({ channels: [4, 8], classes: 2 }), random.key(3)),
  optimizer: adam({ learningRate: oneCycle({ maxLearningRate: 0.02, steps }) }),
  data: {
    train: loader(halves, { batchSize: 4, shuffle: true, key: random.key(5) }),
    validation: loader(halves, { batchSize: 14 }),
  },
  step: ({ image, label }, { model }) => {
    const logits = model.forward(image)
    return { loss: crossEntropy(logits, label), metrics: { accuracy: accuracy(logits, label) } }
  },
  monitor: 'accuracy',
  callbacks: [
    { onStep: ({ step }) => void process.stdout.write(`step ${step}\n`) },
    jsonl({ to: path.join(folder, 'metrics.jsonl'), every: 1 }),
    checkpoint({ directory, every: 1, keep }),
  ],
})
await trainer.fit({
  steps,
  validateEvery: 3,
  key: random.key(7),
  ...(resume === undefined ? {} : { resume }),
})
