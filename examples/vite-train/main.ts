import { wasm } from '@ddnet/backend-wasm'
import { webgpu } from '@ddnet/backend-webgpu'
import { imageDataset, loader } from '@ddnet/datasets'
import { init } from '@ddnet/layers'
import { crossEntropy } from '@ddnet/losses'
import { DDNet } from '@ddnet/models'
import { random } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { Trainer } from '@ddnet/trainer'
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'

const say = (line: string) => document.querySelector('#log')?.append(`${line}\n`)

async function train(): Promise<void> {
  const chosen = new URLSearchParams(location.search).get('backend') ?? 'wasm'
  const backend =
    chosen === 'webgpu' ? await webgpu() : await wasm({ paths: { 'tfjs-backend-wasm-simd.wasm': simdUrl } })
  say(`training on ${backend.name}: ${backend.device}`)

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
    callbacks: [{ onStep: ({ step, loss }) => say(`step ${step}: loss ${loss.toFixed(4)}`) }],
  })
  await trainer.fit({ steps: 3 })
  say('done')
}

train().catch((error: Error) => say(`failed: ${error.message}`))
