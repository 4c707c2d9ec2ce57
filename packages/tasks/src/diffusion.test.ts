import { type Dataset, type ImageField, loader } from '@ddnet/datasets'
import { init, Module } from '@ddnet/layers'
import { DiffusionUNet, ddpmSchedule } from '@ddnet/models'
import { div, gather, type Key, memory, mul, random, reshape, sub, type Tensor, tensor } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { defined, describeBackends } from '@ddnet/testing'
import { evaluate, Trainer } from '@ddnet/trainer'
import { describe, expect, test } from 'vitest'
import { diffusion } from './index.ts'

/** Pictures of 4 × 4: black ones and white ones, and which. */
const plain: Dataset<{ image: ImageField; label: number }> = {
  length: 16,
  get: async (index) => ({
    image: { kind: 'image', data: new Float32Array(16).fill(index % 2), shape: [4, 4, 1] },
    label: index % 2,
  }),
}
const small = { inChannels: 1, channels: 8, multipliers: [1, 2], groups: 4, steps: 50 }
const key = random.key(5)
const data = () => ({
  train: loader(plain, { batchSize: 16, shuffle: true, key: random.key(1) }),
  validation: loader(plain, { batchSize: 16 }),
})
const image = { height: 4, width: 4, channels: 1 }

describeBackends('diffusion', () => {
  test('spread into a trainer, a model that is told classes learns, and makes the same of the same noise', async () => {
    const model = init(new DiffusionUNet({ ...small, classes: 2 }), random.key(2))
    const task = diffusion({ channels: 1, conditionClasses: 2, samplingSteps: 2, guidance: 2, eta: 1 })
    const trainer = new Trainer({ model, optimizer: adam({ learningRate: 0.01 }), data: data(), ...task })
    const before = memory().numTensors
    const first = await trainer.evaluate()
    await trainer.fit({ steps: 15, key })
    const last = await trainer.evaluate()
    expect(last.loss).toBeLessThan(0.9 * first.loss)
    expect(memory().numTensors).toBe(before)
    expect(defined(task.generation).noiseShape(model, image)).toEqual([4, 4, 1])
    const labels = tensor([0, 1], [2], 'int32')
    const noise = random.normal(random.key(3), [2, 4, 4, 1])
    const valuesOf = async (key: Key) => {
      const made = defined(task.generation).generate(model, noise, { key, labels })
      return [...(await made.data())]
    }
    expect(await valuesOf(key)).toEqual(await valuesOf(key))
    expect(await valuesOf(key)).not.toEqual(await valuesOf(random.key(6)))
    expect(() => defined(task.generation).generate(model, noise, { key, labels, steps: 51 })).toThrow(
      'expected steps of 1 … 50',
    )
    const [prediction] = await task.predict(model, {
      image: tensor(new Float32Array(16), [1, 4, 4, 1]),
      label: tensor([0], [1], 'int32'),
    })
    expect(prediction?.shape).toEqual([4, 4, 1])
  })

  test('a model that knows what there is makes it, and guidance goes as far beyond what it makes of no class', async () => {
    // Of a picture of one gray the noise in it is (x − √kept · gray) / √(1 − kept).
    const { kept } = ddpmSchedule({ steps: 50, first: 1e-4 * 20, last: 0.02 * 20 })
    class Knowing extends Module {
      readonly steps = 50
      override forward(images: Tensor, times: Tensor, labels?: Tensor): Tensor {
        const at = (values: readonly number[], places: Tensor) =>
          reshape(gather(tensor([...values]), places), [-1, 1, 1, 1])
        const grays = at([-0.25, 0.25, 0], labels ?? times) // the last one stands for any class
        const share = at([...kept].map(Math.sqrt), times)
        const rest = at(
          [...kept].map((value) => Math.sqrt(1 - value)),
          times,
        )
        return div(sub(images, mul(share, grays)), rest)
      }
    }
    const task = diffusion({ channels: 1, conditionClasses: 2, samplingSteps: 10 })
    const labels = tensor([0, 1], [2], 'int32')
    const noise = random.normal(random.key(3), [2, 4, 4, 1])
    for (const [asked, expected] of [
      [{}, 0.25],
      [{ guidance: 2 }, 0.5],
      [{ guidance: 0 }, 0],
      [{ steps: 25, eta: 1 }, 0.25],
    ] as const) {
      const made = defined(task.generation).generate(new Knowing(), noise, { key, labels, ...asked })
      // −1 … 1 as 0 … 1
      for (const [at, value] of (await made.data()).entries()) {
        expect(value, JSON.stringify(asked)).toBeCloseTo((1 + (at < 16 ? -expected : expected)) / 2, 3)
      }
    }
  })

  test('a model that finds nothing is off by the noise, whose square is 1 on average', async () => {
    class Blind extends Module {
      readonly steps = 50
      override forward(images: Tensor): Tensor {
        return mul(images, 0)
      }
    }
    const many: typeof plain = { length: 512, get: (index) => plain.get(index % 16) }
    const scores = await evaluate({
      model: new Blind(),
      data: loader(many, { batchSize: 128 }),
      step: diffusion({ channels: 1 }).evaluate,
    })
    // Within four standard errors of the mean of 8192 squares, of which each has the variance 2.
    expect(Math.abs(scores.loss - 1)).toBeLessThan(4 * Math.sqrt(2 / 8192))
  })
})

describe('diffusion', () => {
  test('tells of pictures and of an evaluation', () => {
    const { views } = diffusion({ channels: 1 })
    expect(views.line({ shape: [1, 1, 1], values: [0], error: 0.125 })).toBe('error of the noise 0.125')
    expect(views.report({ loss: 0.0312 }).headline).toBe('mean squared error of the noise 0.03120')
  })

  test('refuses options out of range', () => {
    expect(() => diffusion({ channels: 1, samplingSteps: 0 })).toThrow(
      'diffusion: expected samplingSteps as a whole number',
    )
    expect(() => diffusion({ channels: 1, eta: 2 })).toThrow('diffusion: expected eta in [0, 1], got 2.')
    expect(() => diffusion({ channels: 1, guidance: -1 })).toThrow(
      'diffusion: expected guidance of at least 0, got -1.',
    )
  })
})
