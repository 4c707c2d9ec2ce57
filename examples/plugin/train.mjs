import { wasm } from '@ddnet/backend-wasm'
import { loader, tensorDataset } from '@ddnet/datasets'
import { init, Linear, Sequential } from '@ddnet/layers'
import { mse } from '@ddnet/losses'
import { random } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { Trainer } from '@ddnet/trainer'
import { cpu } from './backend.mjs'
import { Squareplus } from './layer.mjs'
import { registerKernels } from './squareplus.mjs'

registerKernels()
const backend = process.argv[2] === 'cpu' ? await cpu() : await wasm()
console.log(`training on ${backend.device}`)

const xor = tensorDataset({
  x: { data: new Float32Array([0, 0, 0, 1, 1, 0, 1, 1]), shape: [4, 2] },
  y: { data: new Float32Array([0, 1, 1, 0]), shape: [4, 1] },
})
const model = init(new Sequential(new Linear(2, 8), new Squareplus(), new Linear(8, 1)), random.key(1))
const trainer = new Trainer({
  model,
  optimizer: adam({ learningRate: 0.03 }),
  data: { train: loader(xor, { batchSize: 4 }) },
  step: ({ x, y }, { model }) => ({ loss: mse(model.forward(x), y) }),
  callbacks: [
    { onStep: ({ step, loss }) => step % 100 === 0 && console.log(`step ${step}: loss ${loss.toPrecision(3)}`) },
  ],
})
await trainer.fit({ steps: 300 })
backend.dispose()
