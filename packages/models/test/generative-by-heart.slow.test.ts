import { init, type Module } from '@ddnet/layers'
import { crossEntropy, mse, negativeElbo, nonSaturatingGan } from '@ddnet/losses'
import {
  add,
  avgPool2d,
  clamp,
  div,
  type Key,
  mean,
  random,
  type Scalar,
  slice,
  type Tensor,
  tensor,
  tidy,
} from '@ddnet/ops'
import { itemAt, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  CenterNet,
  centerNetLoss,
  DCGANDiscriminator,
  DCGANGenerator,
  DiffusionUNet,
  DiscreteVAE,
  ddpmSchedule,
  decodeDetections,
  detectionTargets,
  GPT,
  generate,
  type LabelledBox,
  noiseLoss,
  VAE,
} from '../src/index.ts'
import { eightImages, train } from './eight-images.ts'

/** What a model is to learn, and how few steps are enough. */
interface Lesson {
  readonly name: string
  /** @param lastBias what is left to learn where all else is frozen: it knows no image */
  readonly begin: () => { model: Module; loss: (key: Key) => Scalar; lastBias: string }
  readonly steps: number
  /** Which share of the loss is left: with all parameters less than this, with the last bias alone more than twice as much. */
  readonly left: number
}

/** Images as 64 tokens of 16 levels of grey, `[8, 64]`, row by row. */
function greyTokens(): Tensor {
  return tidy(() => {
    const values = mean(eightImages(16), -1).dataSync()
    const ofPixel = (value: number) => Math.min(15, Math.max(0, Math.floor((value + 2) * 4)))
    const tokens = Int32Array.from({ length: 8 * 64 }, (_, at) => {
      const [image, row, column] = [Math.floor(at / 64), Math.floor((at % 64) / 8), at % 8]
      return ofPixel(itemAt(values, image * 256 + row * 2 * 16 + column * 2))
    })
    return tensor(tokens, [8, 64], 'int32')
  })
}

/** A box in each image, of two kinds. */
const boxes: readonly LabelledBox[] = Array.from({ length: 8 }, (_, at) => {
  const [left, top] = [(at % 4) * 4, Math.floor(at / 2) * 4]
  return { box: [left, top, left + 16, top + 12 + (at % 3)] as const, label: at % 2 }
})

function beginGPT() {
  const tokens = greyTokens()
  const options = { vocabulary: 16, context: 63, width: 32, heads: 4, layers: 2, dropout: 0 }
  const model = init(new GPT(options), random.key(1))
  const loss = () => crossEntropy(model.forward(slice(tokens, [0, 0], [8, 63])), slice(tokens, [0, 1], [8, 63])).mean
  return { model, loss, lastBias: 'ln_f.bias', tokens }
}

function beginCenterNet() {
  const images = eightImages(32)
  const each = boxes.map((box) => [box])
  const targets = detectionTargets(each, { classes: 2, height: 32, width: 32 })
  const model = init(new CenterNet({ classes: 2, width: 8, deconv: [16, 16, 16], hidden: 16 }), random.key(1))
  const loss = () => {
    const { heatMap, size, offset } = centerNetLoss(model.forward(images), targets)
    return add(heatMap.mean, add(size.mean, offset.mean))
  }
  return { model, loss, lastBias: 'heads.heatMap.2.bias', images }
}

const lessons: readonly Lesson[] = [
  {
    name: 'VAE',
    begin: () => {
      const x = eightImages(16)
      const model = init(new VAE({ size: 16, channels: [16, 32], latent: 16 }), random.key(1))
      const loss = () => {
        const { reconstruction, ...posterior } = model.forward(x)
        const parts = negativeElbo(reconstruction, x, posterior, { likelihood: 'gaussian', beta: 0.1 })
        return add(parts.reconstruction.mean, parts.kl.mean)
      }
      return { model, loss, lastBias: 'decoder.4.deconv.bias' }
    },
    steps: 50,
    left: 0.25,
  },
  {
    name: 'DiscreteVAE',
    begin: () => {
      const x = eightImages(16)
      const model = init(
        new DiscreteVAE({ vocabulary: 32, width: 16, groups: 2, blocks: 1, embedding: 16 }),
        random.key(1),
      )
      const loss = () => mse(model.forward(x, { temperature: 0.5 }).reconstruction, x).mean
      return { model, loss, lastBias: 'decoder.5.bias' }
    },
    steps: 60,
    left: 0.4,
  },
  {
    name: 'GPT',
    begin: beginGPT,
    steps: 70,
    left: 0.1,
  },
  {
    name: 'DCGAN’s generator, of eight noises,',
    begin: () => {
      const x = clamp(div(eightImages(16), 2), { min: -1, max: 1 })
      const noise = random.normal(random.key(2), [8, 8])
      const model = init(new DCGANGenerator({ latent: 8, width: 16, size: 16 }), random.key(1))
      const loss = () => mse(model.forward(noise), x).mean
      return { model, loss, lastBias: 'main.4.bias' }
    },
    steps: 80,
    left: 0.2,
  },
  {
    name: 'DCGAN’s discriminator, of eight others,',
    begin: () => {
      const real = eightImages(16)
      const fake = random.normal(random.key(2), [8, 16, 16, 3])
      const model = init(new DCGANDiscriminator({ width: 8, size: 16 }), random.key(1))
      const loss = () => nonSaturatingGan.discriminator(model.forward(real), model.forward(fake)).mean
      return { model, loss, lastBias: 'main.3.bias' }
    },
    steps: 30,
    left: 0.1,
  },
  {
    name: 'DiffusionUNet',
    begin: () => {
      const x = avgPool2d(div(eightImages(16), 2), { kernelSize: 2 })
      const model = init(new DiffusionUNet({ channels: 16, multipliers: [1, 2], groups: 4 }), random.key(1))
      const schedule = ddpmSchedule()
      const loss = (key: Key) => noiseLoss(model, schedule, x, key).mean
      return { model, loss, lastBias: 'conv_out.bias' }
    },
    steps: 60,
    left: 0.35,
  },
  {
    name: 'CenterNet',
    begin: beginCenterNet,
    steps: 40,
    left: 0.15,
  },
]

const average = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length
/** The mean of the last ten, as draws differ from step to step, over the first. */
const shareLeft = (losses: readonly number[]) => average(losses.slice(-10)) / itemAt(losses, 0)

describe('eight images by heart', () => {
  beforeAll(() => useBackend('wasm'))

  test.each(lessons)('$name learns them', async ({ begin, steps, left }) => {
    const { model, loss } = begin()
    expect(shareLeft(await train(model, loss, steps))).toBeLessThan(left)
  })

  test.each(lessons)(
    '$name does not with all frozen but the last bias, which knows no image',
    async ({ begin, steps, left }) => {
      const { model, loss, lastBias } = begin()
      model.freeze()
      model.unfreeze(lastBias)
      expect(shareLeft(await train(model, loss, steps))).toBeGreaterThan(2 * left)
    },
  )

  test('what a GPT has learned it writes down again, from the first rows of each image', async () => {
    const { model, loss, tokens } = beginGPT()
    await train(model, loss, 70)
    const written = generate(model, slice(tokens, [0, 0], [8, 16]), { length: 48, temperature: 0, key: random.key(1) })
    const [expected, found] = [await tokens.data(), await written.data()]
    const right = [...found].filter((token, at) => token === expected[at]).length
    expect(right / (8 * 64)).toBeGreaterThan(0.95)
  })

  test('what a CenterNet has learned it finds again', async () => {
    const { model, loss, images } = beginCenterNet()
    await train(model, loss, 60)
    const found = decodeDetections(model.predict(images), { limit: 1 })
    const [corners, labels] = [await found.boxes.data(), await found.labels.data()]
    for (const [at, { box, label }] of boxes.entries()) {
      expect(labels[at]).toBe(label)
      for (const [side, value] of box.entries()) {
        expect(Math.abs(itemAt(corners, 4 * at + side) - value), `side ${side} of image ${at}`).toBeLessThan(4)
      }
    }
  })
})
