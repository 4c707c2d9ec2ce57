import { type Dataset, type ImageField, loader } from '@ddnet/datasets'
import { init } from '@ddnet/layers'
import { VAE } from '@ddnet/models'
import { memory, random, tensor, zeros } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { adam } from '@ddnet/optimizers'
import { defined, describeBackends } from '@ddnet/testing'
import { evaluate, Trainer } from '@ddnet/trainer'
import { blank } from '@ddnet/visuals'
import { describe, expect, test } from 'vitest'
import { vae } from './index.ts'

/** Pictures of 8 × 8 of which the left or the right half is bright, and which. */
const halves: Dataset<{ image: ImageField; label: number }> = {
  length: 32,
  get: async (index) => ({
    image: {
      kind: 'image',
      data: Float32Array.from({ length: 64 }, (_, at) => (at % 8 < 4 === (index % 2 === 0) ? 1 : 0)),
      shape: [8, 8, 1],
    },
    label: index % 2,
  }),
}
const options = { inChannels: 1, size: 8, channels: [8], latent: 2 }
const key = random.key(7)

describeBackends('vae', () => {
  const data = () => ({
    train: loader(halves, { batchSize: 16, shuffle: true, key: random.key(1) }),
    validation: loader(halves, { batchSize: 32 }),
  })

  test.each(['bernoulli', 'gaussian'] as const)(
    'spread into a trainer, a model learns pictures that are %s',
    async (likelihood) => {
      const model = init(new VAE(options), random.key(2))
      const task = vae({ channels: 1, likelihood })
      const before = memory().numTensors
      const trainer = new Trainer({ model, optimizer: adam({ learningRate: 0.02 }), data: data(), ...task })
      const first = await trainer.evaluate()
      await trainer.fit({ epochs: 40 })
      const last = await trainer.evaluate()
      expect(last.loss).toBeLessThan(first.loss / 2)
      expect(memory().numTensors).toBe(before)

      // Of new pictures each has its bright half, and both come.
      const noise = random.normal(random.key(3), [16, 2])
      const made = defined(task.generation).generate(model, noise, { key })
      expect(made.shape).toEqual([16, 8, 8, 1])
      const values = [...(await made.data())]
      const leftShare = Array.from({ length: 16 }, (_, at) => {
        const own = values.slice(at * 64, (at + 1) * 64)
        const left = own.filter((_, place) => place % 8 < 4).reduce((sum, value) => sum + value, 0)
        return left / own.reduce((sum, value) => sum + value, 0)
      })
      expect(leftShare.filter((share) => share > 0.75 || share < 0.25).length).toBeGreaterThan(12)
      expect(new Set(leftShare.map(Math.round)).size).toBe(2)
      const again = defined(task.generation).generate(model, noise, { key })
      expect([...(await again.data())]).toEqual(values)
      model.dispose()
    },
  )

  test('with classes, what is made is what was asked for', async () => {
    const model = init(new VAE({ ...options, classes: 2 }), random.key(2))
    const task = vae({ channels: 1, conditionClasses: 2 })
    await new Trainer({ model, optimizer: adam({ learningRate: 0.02 }), data: data(), ...task }).fit({ epochs: 40 })
    const labels = tensor([0, 1, 0, 1], [4], 'int32')
    const made = defined(task.generation).generate(model, random.normal(random.key(3), [4, 2]), { key, labels })
    const values = await made.data()
    for (const at of [0, 1, 2, 3]) {
      const [left, right] = [itemAt(values, at * 64 + 3 * 8), itemAt(values, at * 64 + 3 * 8 + 7)]
      expect(left > right, `picture ${at}`).toBe(at % 2 === 0)
    }
    const [prediction] = await task.predict(model, {
      image: tensor(new Float32Array(64), [1, 8, 8, 1]),
      label: tensor([0], [1], 'int32'),
    })
    expect(prediction?.shape).toEqual([8, 8, 1])
    await expect(task.predict(model, { image: tensor(new Float32Array(64), [1, 8, 8, 1]) })).rejects.toThrow(
      'vae: the model is told the class of each image, and these have none.',
    )
  })
})

describeBackends('what vae measures', () => {
  /** A model that says nothing of pictures: its posterior is the prior, and it gives 0 for each value. */
  const ignorant = async (task: ReturnType<typeof vae>, pictures = halves) => {
    const model = init(new VAE(options), random.key(2))
    for (const [name, parameter] of model.parameters()) {
      if (/^(posterior|decoder\.3)\./.test(name)) parameter.assign(zeros(parameter.shape))
    }
    return evaluate({ model, data: loader(pictures, { batchSize: 12 }), step: task.evaluate })
  }

  test('of a model that knows nothing a bit for each black or white value', async () => {
    const scores = await ignorant(vae({ channels: 1 }))
    expect(scores.bitsPerDimension).toBeCloseTo(1, 5)
    expect(scores.elbo).toBeCloseTo(-64 * Math.LN2, 4)
    expect(scores.divergence).toBeCloseTo(0, 6)
    expect(scores.loss).toBeCloseTo(64 * Math.LN2, 4)
  })

  test('of Gaussians the density of pictures in steps of 1/255, and beta counts in the loss alone', async () => {
    const deviation = 0.5
    const scores = await ignorant(vae({ channels: 1, likelihood: 'gaussian', deviation, beta: 7 }))
    // Half of the values are off by 1, the others by 0.
    const nats = 0.25 / deviation ** 2 + Math.log(deviation * Math.sqrt(2 * Math.PI)) + Math.log(255)
    expect(scores.bitsPerDimension).toBeCloseTo(nats / Math.LN2, 4)
    expect(scores.loss).toBeCloseTo((64 * 0.25) / deviation ** 2, 4)
  })

  test('pictures of another range are the same pictures', async () => {
    const signed: typeof halves = {
      ...halves,
      get: async (index) => {
        const { image, label } = await halves.get(index)
        return { label, image: { ...image, data: Float32Array.from(image.data, (value) => value * 2 - 1) } }
      },
    }
    const scores = await ignorant(vae({ channels: 1, likelihood: 'gaussian', range: [-1, 1] }), signed)
    const same = await ignorant(vae({ channels: 1, likelihood: 'gaussian' }))
    expect(scores.elbo).toBeCloseTo(same.elbo, 2)
  })
})

describe('vae', () => {
  test('tells of pictures and of an evaluation', () => {
    const { views } = vae({ channels: 1 })
    const prediction = { shape: [2, 2, 1], values: [0, 0.5, 1, 1], elbo: -1.25 }
    expect(views.line(prediction)).toBe('ELBO -1.3 nats')
    expect(views.json(prediction)).toEqual({ shape: [2, 2, 1], elbo: -1.25 })
    expect(views.page(undefined, [{ image: blank(2, 2, [0, 0, 0]), prediction }]).pictures).toHaveLength(1)
    expect(views.report({ loss: 10, elbo: -9.5, bitsPerDimension: 0.2, divergence: 3 }).headline).toBe(
      'ELBO -9.50 nats (0.2000 bits per dimension), of which the divergence is 3.00',
    )
  })

  test('refuses what makes no loss', () => {
    expect(() => vae({ channels: 1, beta: -1 })).toThrow('vae: expected beta of at least 0, got -1.')
    expect(() => vae({ channels: 1, deviation: 0 })).toThrow('vae: expected a deviation above 0, got 0.')
    expect(() => vae({ channels: 1, range: [1, 0] })).toThrow('vae: expected range with black below white')
  })
})
