import path from 'node:path'
import { type Dataset, type ImageField, loader } from '@ddnet/datasets'
import { BatchNorm, Conv2d, ConvTranspose2d, init, Linear, Module, pipe } from '@ddnet/layers'
import { average } from '@ddnet/metrics'
import {
  abs,
  add,
  leakyRelu,
  mean,
  memory,
  mul,
  random,
  relu,
  reshape,
  softplus,
  sub,
  type Tensor,
  tanh,
  tidy,
  toHost,
} from '@ddnet/ops'
import { adam, chain, ema, sgd } from '@ddnet/optimizers'
import { defined, describeBackends, itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { folders } from '../test/folder.ts'
import {
  type Callback,
  checkpoint,
  DivergedError,
  findLearningRate,
  loadCheckpoint,
  type Snapshot,
  Trainer,
} from './index.ts'

const newFolder = folders()

/** Pictures of 8 × 8 whose left or right half is bright, −1 … 1. */
const halves: Dataset<{ image: ImageField }> = {
  length: 24,
  async get(index) {
    const noise = random.uniformValues(random.key(1).fold(index), 64)
    const data = noise.map((value, at) => (at % 8 < 4 === (index % 2 === 0) ? 1 : -1) * (0.8 + 0.2 * value))
    return { image: { kind: 'image', data, shape: [8, 8, 1] } }
  },
}

/** Noise `[batch, 8]` → 2 × 2 → 4 × 4 → pictures of 8 × 8. */
class Generator extends Module {
  readonly input = new Linear(8, 2 * 2 * 8)
  readonly up = new ConvTranspose2d(8, 8, { kernelSize: 4, stride: 2, padding: 1 })
  readonly norm = new BatchNorm(8)
  readonly output = new ConvTranspose2d(8, 1, { kernelSize: 4, stride: 2, padding: 1 })

  override forward(noise: Tensor): Tensor {
    const x = reshape(this.input.forward(noise), [-1, 2, 2, 8])
    return pipe(x, this.up, this.norm, relu, this.output, tanh)
  }
}

/** Pictures → logits that they are real, `[batch, 1]`. */
class Discriminator extends Module {
  readonly down = new Conv2d(1, 8, { kernelSize: 4, stride: 2, padding: 1 })
  readonly norm = new BatchNorm(8)
  readonly output = new Linear(4 * 4 * 8, 1)

  override forward(image: Tensor): Tensor {
    const x = leakyRelu(this.norm.forward(this.down.forward(image)), { negativeSlope: 0.2 })
    return this.output.forward(reshape(x, [-1, 4 * 4 * 8]))
  }
}

// −log σ(x) and −log(1 − σ(x))
const real = (logits: Tensor) => mean(softplus(mul(logits, -1)))
const fake = (logits: Tensor) => mean(softplus(logits))

const pictures = () => loader(halves, { batchSize: 8, shuffle: true, key: random.key(3) })

function createGan(callbacks: Callback[] = [], rate = 2e-3) {
  const models = init({ generator: new Generator(), discriminator: new Discriminator() }, random.key(1))
  const trainer = new Trainer({
    models,
    optimizers: {
      generator: chain(adam({ learningRate: rate, beta1: 0.5 }), ema(0.9)),
      discriminator: adam({ learningRate: rate, beta1: 0.5 }),
    },
    data: { train: pictures() },
    step: ({ image }, { models: { generator, discriminator }, update, key }) => {
      const noise = random.normal(key.fold('noise'), [image.shape[0], 8])
      const generated = generator.forward(noise)
      return {
        discriminator: update('discriminator', () =>
          add(real(discriminator.forward(image)), fake(discriminator.forward(generated))),
        ),
        generator: update('generator', () => real(discriminator.forward(generator.forward(noise)))),
      }
    },
    evaluate: ({ image }, { models: { generator, discriminator }, key }) => {
      const generated = generator.forward(random.normal(key, [image.shape[0], 8]))
      return {
        loss: { real: real(discriminator.forward(image)), generated: fake(discriminator.forward(generated)) },
        metrics: { contrast: average(abs(generated), { better: 'higher' }) },
      }
    },
    monitor: 'contrast',
    callbacks,
  })
  return { ...models, trainer, dispose: () => Object.values(models).map((model) => model.dispose()) }
}

/** Twenty steps of the GAN, or to `stopAt`; in the end, a snapshot. */
async function train(options: { resume?: Snapshot; stopAt?: number; also?: Callback[] } = {}) {
  let final: Snapshot | undefined
  const { trainer, dispose } = createGan([
    {
      needsState: (step) => step === options.stopAt,
      onStep: ({ step }, control) => void (step === options.stopAt && control.stop()),
      onEnd: async (_, control) => {
        final = await control.snapshot()
      },
    },
    ...(options.also ?? []),
  ])
  const before = memory().numTensors
  const { history } = await trainer.fit({
    steps: 20,
    ...(options.resume === undefined ? { key: random.key(8) } : { resume: options.resume }),
  })
  expect(memory().numTensors).toBe(before)
  dispose()
  return { history, final: defined(final) }
}

describeBackends('a GAN', () => {
  test('tells its losses by name, their sum as the loss, and keeps memory flat', async () => {
    const counts: number[] = []
    const count: Callback = { needsState: () => true, onStep: () => void counts.push(memory().numTensors) }
    const { history } = await train({ also: [count] })
    expect(history.steps).toHaveLength(20)
    for (const { loss, losses } of history.steps) {
      expect(Object.keys(losses ?? {})).toEqual(['discriminator', 'generator'])
      expect(loss).toBeCloseTo((losses?.['discriminator'] as number) + (losses?.['generator'] as number), 6)
    }
    // A discriminator that knows nothing says σ = ½ of both: 2 ln 2.
    expect(history.steps[0]?.losses?.['discriminator']).toBeCloseTo(2 * Math.LN2, 0)
    expect(history.epochs[0]?.train['generator']).toBeGreaterThan(0)
    expect(new Set(counts).size).toBe(1)
  })

  test('generates pictures that are more like the real ones', async () => {
    const { trainer, generator, dispose } = createGan([], 1e-2)
    const contrast = async () => {
      const value = tidy(() => mean(abs(generator.predict(random.normal(random.key(77), [16, 8])))))
      const { data } = await toHost(value)
      value.dispose()
      return Number(data[0]) // 0.9 for the real pictures
    }
    const before = await contrast()
    await trainer.fit({ steps: 60 })
    const after = await contrast()
    expect(before).toBeLessThan(0.2)
    expect(after).toBeGreaterThan(2 * before)
    dispose()
  })

  test('stopped in the middle and resumed from its files is the unbroken run, bit for bit', async () => {
    const folder = newFolder()
    const whole = await train()
    await train({ stopAt: 11, also: [checkpoint({ directory: folder })] })
    const saved = await loadCheckpoint(path.join(folder, 'last'))
    expect(saved.step).toBe(11)
    expect(saved.optimizer.steps).toEqual({ generator: 11, discriminator: 11 })
    const resumed = await train({ resume: saved })
    expect(resumed.final).toEqual(whole.final)
    expect(resumed.history.steps.map(({ losses }) => losses)).toEqual(
      whole.history.steps.slice(11).map(({ losses }) => losses),
    )
    expect(Object.keys(whole.final.model)).toContain('generator.norm.running_mean')
    expect(Object.keys(whole.final.optimizer.tensors)).toContain('generator.trained.up.weight')
  })

  test('is measured by `evaluate`: validation, the best checkpoint and evaluation', async () => {
    const folder = newFolder()
    const { trainer, dispose } = createGan([checkpoint({ directory: folder })], 1e-2)
    const before = memory().numTensors
    const data = { train: pictures(), validation: pictures() }
    const { history } = await trainer.fit({ data, epochs: 6, validateEvery: 3 })
    const contrasts = history.validations.map(({ validation }) => Number(validation['contrast']))
    expect(contrasts).toHaveLength(6)
    expect((await loadCheckpoint(path.join(folder, 'best'))).best).toMatchObject({
      score: Math.max(...contrasts),
      of: 'contrast',
    })
    const { loss, contrast, ...named } = await trainer.evaluate(data.validation)
    expect(contrast).toBe(contrasts.at(-1)) // of the averaged weights, as the last validation
    expect(loss).toBeCloseTo(
      Object.values(named as object).reduce((sum: number, each) => sum + each, 0),
      5,
    )
    expect(memory().numTensors).toBe(before)
    dispose()
  })

  test('can be profiled, and swept over learning rates, and is afterwards what it was', async () => {
    const { trainer, generator, discriminator, dispose } = createGan()
    const weights = async () => [await generator.stateDict(), await discriminator.stateDict()]
    const before = { weights: await weights(), tensors: memory().numTensors }
    const profile = await trainer.profile({ steps: 2, warmup: 1 })
    const calls = (phase: string) =>
      profile.kernels.filter((row) => row.phase === phase).reduce((sum, { calls }) => sum + calls, 0)
    for (const phase of ['forward', 'backward', 'update']) expect(calls(phase), phase).toBeGreaterThan(0)
    expect({ weights: await weights(), tensors: memory().numTensors }).toEqual(before)
    const { points } = await findLearningRate({
      models: { generator, discriminator },
      data: { train: pictures() },
      steps: 10,
      optimizers: (learningRate) => ({ generator: adam({ learningRate }), discriminator: sgd({ learningRate }) }),
      step: ({ image }, { models, update }) => ({
        discriminator: update('discriminator', () => real(models.discriminator.forward(image))),
        generator: update('generator', () =>
          real(models.discriminator.forward(models.generator.forward(random.normal(random.key(1), [8, 8])))),
        ),
      }),
    })
    expect(points).toHaveLength(10)
    expect({ weights: await weights(), tensors: memory().numTensors }).toEqual(before)
    dispose()
  })

  test('counts every training pass of a norm once, when the step is over', async () => {
    const { trainer, discriminator, generator, dispose } = createGan()
    await trainer.fit({ steps: 2 })
    // The generator ran for the discriminator's update and for its own; the discriminator on real and generated ones, and again.
    expect(generator.norm.num_batches_tracked?.count).toBe(2 * 2)
    expect(discriminator.norm.num_batches_tracked?.count).toBe(2 * 3)
    dispose()
  })

  test('that diverges names the step, the loss and the layer', async () => {
    const spoiled = createGan([
      {
        needsState: () => true,
        onStep: ({ step }) => {
          const { weight } = spoiled.discriminator.output
          if (step === 3) weight.assign(tidy(() => mul(weight.value, Number.POSITIVE_INFINITY)))
        },
      },
    ])
    const before = memory().numTensors
    const error = await spoiled.trainer.fit({ steps: 9 }).catch((error) => error)
    expect(error).toBeInstanceOf(DivergedError)
    expect(error).toMatchObject({ step: 4, layer: 'discriminator.output' })
    expect(error.message).toMatch(
      /^Training diverged at step 4: the loss 'discriminator' is (NaN|Infinity), the loss 'generator' is/,
    )
    expect(error.message).toContain("before it the weights 'discriminator.output.weight'")
    expect(memory().numTensors).toBe(before)
    spoiled.dispose()
  })
})

describeBackends('a step of several models', () => {
  const whole = () => loader(halves, { batchSize: 24 })
  /** A linear layer that becomes the mean of the pictures, by a step that updates it `times` times. */
  function create(times: number, optimizer = sgd({ learningRate: 0.1 })) {
    const model = init(new Linear(1, 1), random.key(1))
    const trainer = new Trainer({
      models: { model },
      optimizers: { model: optimizer },
      data: { train: whole() },
      step: ({ image }, { models: { model }, update }) => {
        const x = reshape(image, [-1, 1])
        const loss = () => {
          const error = sub(model.forward(x), x)
          return mean(mul(error, error))
        }
        let last = update('model', loss)
        for (let time = 1; time < times; time++) last = update('model', loss)
        return { model: last }
      },
    })
    return { model, trainer }
  }

  test('may update a model several times', async () => {
    const once = create(1)
    const thrice = create(3)
    const a = await once.trainer.fit({ steps: 9 })
    const b = await thrice.trainer.fit({ steps: 3 })
    expect(b.history.steps.at(-1)?.loss).toBe(a.history.steps.at(-1)?.loss)
    once.model.dispose()
    thrice.model.dispose()
  })

  test('names what it has not', async () => {
    const { model, trainer } = create(1)
    const options = { models: { model }, optimizers: { model: sgd() }, data: { train: pictures() } }
    // @ts-expect-error each model has an optimizer
    expect(() => new Trainer({ ...options, optimizers: {}, step: () => ({}) })).toThrow(
      'expected an optimizer for each model, got models model and optimizers .',
    )
    const before = memory().numTensors
    const none = new Trainer({ ...options, step: () => ({}) })
    await expect(none.fit({ steps: 1 })).rejects.toThrow('expected at least one loss, got a record without entries')
    // @ts-expect-error losses have names
    const unnamed = new Trainer({ ...options, step: () => mean(model.weight.value) })
    await expect(unnamed.fit({ steps: 1 })).rejects.toThrow(
      'expected the step of several models to return its losses by name',
    )
    const other = new Trainer({
      ...options,
      // @ts-expect-error a name that no model has
      step: (_, { update }) => ({ a: update('modle', () => mean(model.weight.value)) }),
    })
    await expect(other.fit({ steps: 1 })).rejects.toThrow("there is no model 'modle' to update, only model")
    const data = { train: pictures(), validation: pictures() }
    await expect(trainer.fit({ data, steps: 1 })).rejects.toThrow('needs `evaluate` beside `step`')
    await expect(trainer.evaluate(data.validation)).rejects.toThrow('needs `evaluate` beside `step`')
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })

  test('does not go on from a trainer of one model, nor the other way round', async () => {
    const several = create(1)
    const { model } = several
    const snapshots: Snapshot[] = []
    const keep: Callback = { onEnd: async (_, control) => void snapshots.push(await control.snapshot()) }
    const single = new Trainer({
      model,
      optimizer: sgd(),
      data: { train: whole() },
      step: ({ image }, { model }) => ({ loss: mean(model.forward(reshape(image, [-1, 1]))) }),
      callbacks: [keep],
    })
    await single.fit({ steps: 1 })
    await expect(several.trainer.fit({ steps: 2, resume: itemAt(snapshots, 0) })).rejects.toThrow(
      'resume: the checkpoint is of a trainer with one model, expected model.',
    )
    const saved = { ...itemAt(snapshots, 0), optimizer: { step: 1, steps: { a: 1, b: 1 }, tensors: {} } }
    await expect(single.fit({ steps: 2, resume: saved })).rejects.toThrow(
      'resume: the checkpoint is of a trainer with the models a, b, expected one model.',
    )
    model.dispose()
  })
})
