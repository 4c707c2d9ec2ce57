import { init, openPass } from '@ddnet/layers'
import { add, memory, random, type Tensor, tensor, tidy, zeros } from '@ddnet/ops'
import { expectTensorClose, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { reparameterize, VAE } from './vae.ts'

const hostOf = async (x: Tensor) => ({ shape: x.shape, data: await x.data() })

describe('VAE', () => {
  beforeAll(() => useBackend('cpu'))

  const options = { size: 8, channels: [4, 6], latent: 3 }

  test('draws by the pass’s key in training, and takes the mean in inference', async () => {
    const model = init(new VAE(options), random.key(1))
    const images = random.uniform(random.key(2), [2, 8, 8, 3])
    const drawn = async (seed: number) => {
      const run = () => model.forward(images).reconstruction
      return [...(await tidy(() => openPass({ training: true, root: model, key: random.key(seed) }, run)).data())]
    }
    expect(await drawn(1)).toEqual(await drawn(1))
    expect(await drawn(1)).not.toEqual(await drawn(2))
    const { reconstruction, mean } = model.predict(images)
    await expectTensorClose(reconstruction, await hostOf(model.decode(mean)), 1e-6)
    expect(reconstruction.shape).toEqual([2, 8, 8, 3])
    expect(() => openPass({ training: true, root: model }, () => model.forward(images))).toThrow('has no key')
  })

  test('reparameterize has the mean and the variance that it was given', async () => {
    const [mean, logVariance] = [tensor([3, -1]), tensor([Math.log(4), Math.log(0.25)])]
    const count = 5000
    const posterior = { mean: add(zeros([count, 2]), mean), logVariance: add(zeros([count, 2]), logVariance) }
    const values = await reparameterize(posterior, random.key(1)).data()
    for (const [axis, expected, variance] of [
      [0, 3, 4],
      [1, -1, 0.25],
    ] as const) {
      const column = [...values].filter((_, at) => at % 2 === axis)
      const average = column.reduce((sum, each) => sum + each, 0) / count
      const spread = column.reduce((sum, each) => sum + (each - average) ** 2, 0) / count
      // Within four standard errors.
      expect(Math.abs(average - expected)).toBeLessThan(4 * Math.sqrt(variance / count))
      expect(Math.abs(spread / variance - 1)).toBeLessThan(4 * Math.sqrt(2 / count))
    }
  })

  test('leaves nothing behind', () => {
    const model = init(new VAE(options), random.key(1))
    const images = zeros([1, 8, 8, 3])
    const before = memory().numTensors
    for (const each of Object.values(model.predict(images))) each.dispose()
    expect(memory().numTensors).toBe(before)
  })

  test('with classes both halves are told each image’s', async () => {
    const model = init(new VAE({ ...options, classes: 2 }), random.key(1))
    const images = random.uniform(random.key(2), [2, 8, 8, 3])
    const labels = (first: number) => tensor([first, 1], [2], 'int32')
    const [one, other] = [model.predict(images, labels(0)), model.predict(images, labels(1))]
    expect([...(await one.mean.data()).slice(3)]).toEqual([...(await other.mean.data()).slice(3)]) // the second’s are the same
    expect([...(await one.mean.data()).slice(0, 3)]).not.toEqual([...(await other.mean.data()).slice(0, 3)])
    const z = zeros([2, 3])
    expect(await model.decode(z, labels(0)).data()).not.toEqual(await model.decode(z, labels(1)).data())
    expect(() => model.predict(images)).toThrow('expected the labels of the images, as it was made with classes: 2')
    expect(() => model.predict(images, tensor([0], [1], 'int32'))).toThrow('expected a label of each of the 2 samples')
    const untold = init(new VAE(options), random.key(1))
    expect(() => untold.predict(images, labels(0))).toThrow('expected no labels, as it was made without classes')
  })

  test('refuses a size that its stages do not divide', () => {
    expect(() => new VAE({ size: 12 })).toThrow('VAE: expected a size that divides by 8, got 12.')
    expect(() => new VAE({ channels: [] })).toThrow('VAE: expected channels as positive integers')
  })
})
