import { wasm } from '@ddnet/backend-wasm'
import { imageDataset, loader } from '@ddnet/datasets'
import { init } from '@ddnet/layers'
import { crossEntropy } from '@ddnet/losses'
import { DDNet } from '@ddnet/models'
import { random } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { Trainer } from '@ddnet/trainer'

const backend = await wasm()
console.log(`training on ${backend.device}`)

// Eight grey 16×16 pictures: the top half is bright in class 0, the bottom half in class 1.
const labels = [0, 1, 0, 1, 0, 1, 0, 1]
const images = new Uint8Array(
  labels.flatMap((label) => Array.from({ length: 256 }, (_, i) => (i < 128 ? 1 - label : label) * 255)),
)
const pictures = imageDataset({ images, labels, shape: [16, 16, 1] })

const trainer = new Trainer({
  model: init(new DDNet({ inChannels: 1, classes: 2, channels: [8, 16] }), random.key(42)),
  optimizer: adam({ learningRate: 0.01 }),
  data: { train: loader(pictures, { batchSize: 8 }) },
  step: ({ image, label }, { model }) => ({ loss: crossEntropy(model.forward(image), label) }),
  callbacks: [{ onStep: ({ step, loss }) => console.log(`step ${step}: loss ${loss.toFixed(4)}`) }],
})
await trainer.fit({ steps: 3 })
backend.dispose()
