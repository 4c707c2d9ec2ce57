import {
  type BoxesField,
  type BoxLabelsField,
  boxesField,
  boxLabelsField,
  type Dataset,
  type ImageField,
  imageField,
  loader,
  type MaskField,
  maskField,
} from '@ddnet/datasets'
import { Conv2d, init, Linear, Module, Parameter } from '@ddnet/layers'
import {
  bceWithLogits,
  crossEntropy,
  diceLoss,
  gaussianKl,
  giouLoss,
  gradientPenalty,
  wassersteinGan,
  weighted,
} from '@ddnet/losses'
import { cocoScores, diceScore, f1, frechetDistance, meanAveragePrecision, meanIou } from '@ddnet/metrics'
import {
  add,
  cast,
  div,
  exp,
  greaterEqual,
  mul,
  random,
  relu,
  reshape,
  slice,
  sum,
  type Tensor,
  tanh,
  toHost,
  zeros,
} from '@ddnet/ops'
import { adam, sgd } from '@ddnet/optimizers'
import { describeBackends } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { Trainer } from './index.ts'

const numberOf = async (x: Tensor): Promise<number> => Number((await toHost(x)).data[0])

/** Ten pictures of 6 × 6, and where they are bright; the last column of every other one is not told. */
const masked: Dataset<{ image: ImageField; mask: MaskField }> = {
  length: 10,
  async get(index) {
    const image = random.uniformValues(random.key(5).fold(index), 36)
    const mask = Int32Array.from(image, (value, at) => (index % 2 === 0 && at % 6 === 5 ? -100 : value > 0.7 ? 1 : 0))
    return { image: imageField(image, [6, 6, 1]), mask: maskField(mask, [6, 6]) }
  },
}

function segment(batchSize: number, accumulate = 1) {
  return new Trainer({
    model: init(new Conv2d(1, 2, { kernelSize: 3, padding: 1 }), random.key(1)),
    optimizer: adam({ learningRate: 0.1 }),
    data: { train: loader(masked, { batchSize, shuffle: true, key: random.key(2) }) },
    accumulate,
    step: ({ image, mask }, { model }) => {
      const logits = model.forward(image)
      return {
        loss: { class: crossEntropy(logits, mask), overlap: weighted(diceLoss(logits, mask), 0.5) },
        metrics: { iou: meanIou(logits, mask), dice: diceScore(logits, mask), f1: f1(logits, mask) },
      }
    },
    monitor: 'iou',
  })
}

/** Boxes that lie as told, moved by what is learnt. */
class Shift extends Module {
  readonly by = new Parameter([4], { init: (_, shape) => add(zeros(shape), 6) })
  override forward(boxes: Tensor): Tensor {
    return add(boxes, this.by.value)
  }
}

/** Five pictures with one to three boxes. */
const boxed: Dataset<{ boxes: BoxesField; label: BoxLabelsField }> = {
  length: 5,
  async get(index) {
    const count = 1 + (index % 3)
    const rows = Array.from({ length: count }, (_, at) => [10 * at, 5 + index, 10 * at + 20, 30 + index])
    return {
      boxes: boxesField(Float32Array.from(rows.flat())),
      label: boxLabelsField(Int32Array.from(rows, (_, at) => at % 2)),
    }
  },
}

class Vae extends Module {
  readonly encoder = new Linear(36, 8)
  readonly decoder = new Linear(4, 36)
  override forward(image: Tensor, noise: Tensor) {
    const [batch = 0] = image.shape
    const code = this.encoder.forward(reshape(image, [batch, 36]))
    const [mean, logVariance] = [slice(code, [0, 0], [batch, 4]), slice(code, [0, 4], [batch, 4])]
    const drawn = add(mean, mul(exp(mul(0.5, logVariance)), noise))
    return { picture: reshape(this.decoder.forward(drawn), image.shape), mean, logVariance }
  }
}

class Generator extends Module {
  readonly output = new Linear(2, 36)
  override forward(noise: Tensor): Tensor {
    return tanh(this.output.forward(noise))
  }
}

class Critic extends Module {
  readonly hidden = new Linear(36, 16)
  readonly output = new Linear(16, 1)
  override forward(x: Tensor): Tensor {
    return this.output.forward(relu(this.hidden.forward(x)))
  }
}

describeBackends('losses and metrics in a step', () => {
  test('a segmentation learns by two losses, and is measured the same in batches of any size', async () => {
    const trainer = segment(4)
    const before = await trainer.evaluate(loader(masked, { batchSize: 10 }))
    await trainer.fit({ steps: 40 })
    const after = await trainer.evaluate(loader(masked, { batchSize: 10 }))
    expect(after.iou).toBeGreaterThan(Math.max(0.8, before.iou))
    const parts = await trainer.evaluate(loader(masked, { batchSize: 3 }))
    for (const score of ['iou', 'dice', 'f1'] as const) expect(parts[score]).toBeCloseTo(after[score], 12)
    expect(parts.loss).toBeCloseTo(after.loss, 5)
  })

  test('its step over five batches of one is that of one batch of five', async () => {
    const [whole, parts] = [segment(5), segment(1, 5)]
    const told = await whole.fit({ steps: 3 })
    const other = await parts.fit({ steps: 3 })
    for (const [at, { loss }] of told.history.steps.entries()) {
      expect(other.history.steps[at]?.loss).toBeCloseTo(loss, 4)
    }
  })

  test('boxes are found by their generalized intersection over union, and the average precision rises', async () => {
    const trainer = new Trainer({
      model: init(new Shift(), random.key(1)),
      optimizer: sgd({ learningRate: 10 }),
      data: { train: loader(boxed, { batchSize: 2 }), validation: loader(boxed, { batchSize: 3 }) },
      step: ({ boxes, label }, { model }) => {
        const found = model.forward(boxes)
        const counts = cast(greaterEqual(label, 0), 'float32') // not those that fill up the batch
        const weight = sum(counts)
        const losses = giouLoss(found, boxes, { reduction: 'none' })
        const detections = { boxes: found, scores: zeros(label.shape), labels: label }
        return {
          loss: { mean: div(sum(mul(counts, losses)), weight), weight },
          metrics: {
            AP: meanAveragePrecision(detections, { boxes, labels: label }),
            coco: cocoScores(detections, { boxes, labels: label }),
          },
        }
      },
      monitor: 'AP',
    })
    const data = loader(boxed, { batchSize: 2 })
    const before = await trainer.evaluate(data)
    await trainer.fit({ epochs: 15 })
    const after = await trainer.evaluate(data)
    expect(after.AP).toBeGreaterThan(before.AP + 0.3)
    expect(after.coco[0]).toBe(after.AP)
    expect((await trainer.evaluate(loader(boxed, { batchSize: 5 }))).coco).toEqual(after.coco)
  })

  test('a VAE learns pictures and keeps its code near the prior', async () => {
    const trainer = new Trainer({
      model: init(new Vae(), random.key(1)),
      optimizer: adam({ learningRate: 0.02 }),
      data: { train: loader(masked, { batchSize: 4, shuffle: true, key: random.key(3) }) },
      step: ({ image }, { model, key }) => {
        const { picture, mean, logVariance } = model.forward(image, random.normal(key, [image.shape[0] ?? 0, 4]))
        return {
          loss: { picture: bceWithLogits(picture, image), kl: weighted(gaussianKl({ mean, logVariance }), 0.01) },
        }
      },
    })
    const { history } = await trainer.fit({ steps: 60 })
    const [first, last] = [history.steps[0], history.steps.at(-1)]
    expect(last?.loss).toBeLessThan(0.95 * (first?.loss ?? 0))
    expect(last?.losses?.['kl']).toBeGreaterThan(0)
  })

  test('a critic gets the slope 1 by second derivatives, and the generated samples come nearer', async () => {
    const models = init({ generator: new Generator(), critic: new Critic() }, random.key(1))
    const flat = (image: Tensor) => reshape(image, [-1, 36])
    const noise = (image: Tensor, key: random.Key) => random.normal(key, [image.shape[0] ?? 0, 2])
    const trainer = new Trainer({
      models,
      optimizers: { generator: adam({ learningRate: 0.01, beta1: 0 }), critic: adam({ learningRate: 0.02, beta1: 0 }) },
      data: { train: loader(masked, { batchSize: 5, shuffle: true, key: random.key(3) }) },
      step: ({ image }, { models: { generator, critic }, update, key }) => {
        const generated = generator.forward(noise(image, key))
        return {
          ...update('critic', () => ({
            wasserstein: wassersteinGan.discriminator(critic.forward(flat(image)), critic.forward(generated)),
            penalty: weighted(
              gradientPenalty((x) => critic.forward(x), flat(image), generated, { key: key.fold('penalty') }),
              10,
            ),
          })),
          generator: update('generator', () =>
            wassersteinGan.generator(critic.forward(generator.forward(noise(image, key)))),
          ),
        }
      },
      evaluate: ({ image }, { models: { generator }, key }) => ({
        loss: wassersteinGan.generator(zeros([1])),
        metrics: { distance: frechetDistance(flat(image), generator.forward(noise(image, key))) },
      }),
    })
    const penalty = async () => {
      const points = random.normal(random.key(8), [4, 36])
      return numberOf(gradientPenalty((x) => models.critic.forward(x), points, points, { key: random.key(9) }).mean)
    }
    const data = () => loader(masked, { batchSize: 4 })
    const [slopeBefore, before] = [await penalty(), await trainer.evaluate(data())]
    await trainer.fit({ steps: 80 })
    const [slopeAfter, after] = [await penalty(), await trainer.evaluate(data())]
    expect(slopeAfter).toBeLessThan(slopeBefore / 2)
    expect(after.distance).toBeLessThan(before.distance)
  })
})
