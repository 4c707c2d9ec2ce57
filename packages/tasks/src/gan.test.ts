import { type Dataset, type ImageField, loader } from '@ddnet/datasets'
import { init } from '@ddnet/layers'
import { DCGAN } from '@ddnet/models'
import { memory, random } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { defined, describeBackends } from '@ddnet/testing'
import { evaluate, Trainer } from '@ddnet/trainer'
import { describe, expect, test } from 'vitest'
import { type GanOptions, gan } from './index.ts'

/** Pictures of 8 × 8 of which the upper half is bright, and the lower one a little. */
const halves: Dataset<{ image: ImageField }> = {
  length: 16,
  get: async (index) => ({
    image: {
      kind: 'image',
      data: Float32Array.from({ length: 64 }, (_, at) => (at < 32 ? 0.9 : 0.1 + 0.01 * (index % 8))),
      shape: [8, 8, 1],
    },
  }),
}
const key = random.key(5)

const trainerOf = (options: Omit<GanOptions, 'channels'>) => {
  const norm = options.loss === 'wasserstein' ? 'layer' : 'batch'
  const model = init(new DCGAN({ size: 8, channels: 1, latent: 3, width: 4, norm }), random.key(2))
  const task = gan({ channels: 1, ...options })
  const { networks } = task
  if (networks === undefined) throw new Error('a GAN has networks')
  const rate = { learningRate: 0.01, beta1: 0.5 }
  const trainer = new Trainer({
    models: networks.of(model),
    optimizers: { discriminator: adam(rate), generator: adam(rate) },
    step: networks.step,
    data: { train: loader(halves, { batchSize: 8, shuffle: true, key: random.key(1) }) },
  })
  const measure = () => evaluate({ model, data: loader(halves, { batchSize: 16 }), step: task.evaluate })
  return { model, task, trainer, measure }
}

describeBackends('gan', () => {
  test.each(['nonSaturating', 'hinge', 'wasserstein'] as const)(
    'with the %s loss pictures come nearer to real ones',
    async (loss) => {
      const { model, task, trainer, measure } = trainerOf({ loss, criticSteps: 1 })
      const before = memory().numTensors
      const first = await measure()
      await trainer.fit({ steps: 60, key })
      const last = await measure()
      expect(last.gridDistance).toBeLessThan(first.gridDistance / 2)
      expect(memory().numTensors).toBe(before)
      const made = defined(task.generation).generate(model, random.normal(random.key(3), [2, 3]), { key })
      expect(made.shape).toEqual([2, 8, 8, 1])
      const values = [...(await made.data())]
      expect(values.every((value) => value >= 0 && value <= 1)).toBe(true)
      const [upper = 0, lower = 0] = [values.slice(16, 32), values.slice(48, 64)].map((each) =>
        each.reduce((sum, value) => sum + value, 0),
      )
      expect(upper).toBeGreaterThan(lower)
    },
  )

  test('the generator learns in every so many steps', async () => {
    const { model, trainer } = trainerOf({ criticSteps: 3 })
    const generator = () => model.generator.parameters().get('main.0.weight')?.value.data()
    const before = await generator()
    await trainer.fit({ steps: 2, key })
    expect(await generator()).toEqual(before)
    await trainer.fit({ steps: 3, key })
    expect(await generator()).not.toEqual(before)
  })
})

describe('gan', () => {
  test('tells of pictures and of an evaluation', () => {
    const { views } = gan({ channels: 1 })
    expect(views.line({ real: 0.25 })).toBe('taken for real 25.0%')
    expect(gan({ channels: 1, loss: 'hinge' }).views.line({ real: -1.25 })).toBe('score -1.25')
    expect(views.report({ loss: 1, gridDistance: 0.5, told: 0.75 }).headline).toBe(
      'distance in a grid of 4 × 4 0.5000, told apart 75.0% (50% is a guess)',
    )
  })

  test('refuses what makes no loss', () => {
    expect(() => gan({ channels: 1, penalty: -1 })).toThrow('gan: expected a penalty of at least 0, got -1.')
    expect(() => gan({ channels: 1, criticSteps: 0 })).toThrow('gan: expected criticSteps as a whole number')
    expect(() => gan({ channels: 1, range: [0, 0] })).toThrow('gan: expected range with black below white')
  })
})
