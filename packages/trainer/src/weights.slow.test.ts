import type { Loader } from '@ddnet/datasets'
import { init, Linear, type Module } from '@ddnet/layers'
import { crossEntropy, type Loss, mse, weighted } from '@ddnet/losses'
import { accuracy, classAccuracy, confusionMatrix } from '@ddnet/metrics'
import {
  cast,
  div,
  greater,
  maximum,
  mean,
  memory,
  mul,
  random,
  type Scalar,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  tensor,
  where,
} from '@ddnet/ops'
import { sgd } from '@ddnet/optimizers'
import { describeBackends } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { DivergedError, onHead, StepTrainer, Trainer } from './index.ts'
import type { Tensors } from './task.ts'

// What a step of several batches, or an evaluation, gives is what one batch of them all gives: that is the judge.
const [features, classes, samples] = [4, 3, 6]
const values = random.normalValues(random.key(1), samples * features)
const labels = {
  plain: [0, 1, 2, 2, 1, 0],
  ignored: [0, -100, -100, 2, -100, 1],
  oneBatchIgnored: [-100, -100, -100, 2, 1, 0],
  lastIgnored: [0, 2, 1, 1, -100, -100],
  firstAndLastIgnored: [-100, 0, 1, 2, 1, -100],
}
const probabilities = random.uniformValues(random.key(2), samples * classes)
const weightOfPixels = [0, 0, 0, 1, 2, 5]

/** Batches of these sizes, again in every epoch. */
function batchesOf(sizes: readonly number[], targets: readonly number[]): Loader<Tensors> {
  const rows = (from: number, count: number): Tensors => ({
    image: tensor(values.slice(from * features, (from + count) * features), [count, features]),
    label: tensor(targets.slice(from, from + count), [count], 'int32'),
    soft: tensor(probabilities.slice(from * classes, (from + count) * classes), [count, classes]),
    pixels: tensor(weightOfPixels.slice(from, from + count), [count]),
  })
  return {
    length: sizes.length,
    async *[Symbol.asyncIterator]() {
      let from = 0
      for (const size of sizes) {
        yield rows(from, size)
        from += size
      }
    },
    state: () => ({ epoch: 0, position: 0 }),
    restore: () => {},
  }
}

type Head = 'label' | 'soft' | 'pixels'
const classWeights = () => tensor([0.2, 3, 1]) as Tensor1D
/** A mean weighed by the sample's own weights, as a user writes it. */
const bySample: Loss = (predictions, targets) => {
  const weight = sum(targets)
  const total = sum(mul(targets, mean(square(predictions), 1)))
  return { mean: div(total, maximum(weight, 1e-12)), weight }
}
const losses: Record<string, () => Partial<Record<Head, Loss>>> = {
  crossEntropy: () => ({ label: crossEntropy() }),
  'crossEntropy smoothed': () => ({ label: crossEntropy({ labelSmoothing: 0.2 }) }),
  'crossEntropy with class weights': () => ({ label: crossEntropy({ classWeights: classWeights() }) }),
  'crossEntropy with class weights, smoothed': () => ({
    label: crossEntropy({ classWeights: classWeights(), labelSmoothing: 0.2 }),
  }),
  'crossEntropy summed': () => ({ label: crossEntropy({ reduction: 'sum', classWeights: classWeights() }) }),
  'crossEntropy of probabilities': () => ({ soft: crossEntropy({ classWeights: classWeights() }) }),
  'crossEntropy weighted': () => ({ label: weighted(crossEntropy({ classWeights: classWeights() }), 3) }),
  mse: () => ({ soft: mse() }),
  'mse summed': () => ({ soft: mse({ reduction: 'sum' }) }),
  'mse weighted': () => ({ soft: weighted(mse(), 0.1) }),
  'a scalar of ours': () => ({ soft: (a, b) => mean(square(sub(a, b))) }),
  'weights of samples': () => ({ pixels: bySample }),
  'two heads that divide by different counts': () => ({
    label: crossEntropy({ classWeights: classWeights() }),
    soft: weighted(mse(), 2),
  }),
  'three heads, one of them summed': () => ({
    label: crossEntropy(),
    pixels: bySample,
    soft: mse({ reduction: 'sum' }),
  }),
}

async function stepOf(
  head: Partial<Record<Head, Loss>>,
  sizes: readonly number[],
  targets: readonly number[],
  epochs = 1,
) {
  const model = init(new Linear(features, classes), random.key(3))
  const trainer = new Trainer({
    model: model as Module,
    loss: head as Record<string, Loss>,
    forward: (images) => {
      const y = model.forward(images)
      return { label: y, soft: y, pixels: y }
    },
    optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
    accumulate: sizes.length,
  })
  const before = memory().numTensors
  const { history } = await trainer.fit(batchesOf(sizes, targets), { epochs })
  expect(memory().numTensors).toBe(before)
  const weights = Array.from(await model.weight.value.data())
  model.dispose()
  return { weights, losses: history.steps.map(({ loss }) => loss), epoch: history.epochs[0]?.train.loss }
}

/** Within some roundings of float32. */
const expectNear = (actual: readonly number[], expected: readonly number[]) => {
  for (const [at, value] of expected.entries()) {
    expect(Math.abs((actual[at] as number) - value)).toBeLessThan(2e-6 * Math.max(1, Math.abs(value)))
  }
}

describeBackends('batches of any sizes are one', () => {
  const rows = Object.entries(losses).flatMap(([name, loss]) =>
    Object.entries(labels).map(([labelling, targets]) => ({ name, loss, labelling, targets })),
  )

  test.each(rows)('in steps: $name, labels $labelling', async ({ loss, targets }) => {
    const whole = await stepOf(loss(), [samples], targets, 2)
    for (const sizes of [
      [4, 2],
      [1, 3, 2],
    ]) {
      const parts = await stepOf(loss(), sizes, targets, 2)
      expectNear(parts.weights, whole.weights)
      expectNear(parts.losses, whole.losses)
      expectNear([parts.epoch as number], [whole.epoch as number])
    }
  })

  test.each(rows)('in evaluation: $name, labels $labelling', async ({ loss, targets }) => {
    const model = init(new Linear(features, classes), random.key(3))
    const heads = loss() as Record<string, Loss>
    const trainer = new Trainer({
      model: model as Module,
      loss: heads,
      metrics:
        'label' in heads
          ? {
              accuracy: onHead('label', accuracy()),
              each: onHead('label', classAccuracy(classes)),
              matrix: onHead('label', confusionMatrix(classes)),
            }
          : {},
      forward: (images) => {
        const y = model.forward(images)
        return { label: y, soft: y, pixels: y }
      },
      optimizer: sgd(),
    })
    const whole = await trainer.evaluate(batchesOf([samples], targets))
    expect(Number.isFinite(whole.loss)).toBe(true)
    const before = memory().numTensors
    for (const sizes of [
      [1, 1, 1, 1, 1, 1],
      [2, 2, 2],
      [3, 3],
      [5, 1],
    ]) {
      const { loss: mean, ...metrics } = await trainer.evaluate(batchesOf(sizes, targets))
      expectNear([mean], [whole.loss])
      expect({ ...metrics }).toEqual(Object.fromEntries(Object.entries(whole).filter(([name]) => name !== 'loss')))
    }
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })

  test('an evaluation of which nothing counts is an error that names the head', async () => {
    const model = init(new Linear(features, classes), random.key(3))
    const trainer = new Trainer({ model, loss: crossEntropy(), metrics: { accuracy: accuracy() }, optimizer: sgd() })
    const before = memory().numTensors
    await expect(
      trainer.evaluate(
        batchesOf(
          [2, 4],
          labels.plain.map(() => -100),
        ),
      ),
    ).rejects.toThrow("evaluate: no target of 'label' counts, so that there is no mean loss: all labels are ignored")
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })

  test('a step of which nothing counts has no loss and no gradient, as in PyTorch, and is no divergence', async () => {
    const model = init(new Linear(features, classes), random.key(3))
    const before = Array.from(await model.weight.value.data())
    const trainer = new Trainer({ model, loss: crossEntropy(), optimizer: sgd({ learningRate: 0.5 }) })
    const nothing = labels.plain.map(() => -100)
    const { history } = await trainer.fit(batchesOf([6], nothing), { steps: 2 })
    expect(history.steps.map(({ loss }) => loss)).toEqual([Number.NaN, Number.NaN])
    expect(history.epochs[0]?.train.loss).toBeNaN()
    expect(Array.from(await model.weight.value.data())).toEqual(before)
    // Beside others it counts for nothing.
    const mixed = await trainer.fit(batchesOf([3, 3], labels.oneBatchIgnored), { steps: 2 })
    const [first, second] = mixed.history.steps
    expect(first?.loss).toBeNaN()
    expect(mixed.history.epochs[0]?.train.loss).toBeCloseTo(second?.loss as number, 6)
    model.dispose()
  })

  test('a loss that counts and is no number is a divergence still, and so is a weight that is none', async () => {
    const model = init(new Linear(features, classes), random.key(3))
    const fit = (loss: Loss) =>
      new Trainer({ model, loss, optimizer: sgd() }).fit(batchesOf([3, 3], labels.plain), { steps: 2 })
    const before = memory().numTensors
    await expect(fit((y) => ({ mean: mul(mean(y), Number.NaN), weight: 2 }))).rejects.toThrow(/the loss is NaN/)
    await expect(fit((y) => ({ sum: mul(sum(y), Number.NaN) }))).rejects.toThrow(DivergedError)
    await expect(fit((y) => ({ mean: mean(y), weight: tensor(Number.NaN) as Scalar }))).rejects.toThrow(
      /the weight of the loss is NaN/,
    )
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })

  test('a gradient of NaN of a batch of weight 0 does not come into the mean', async () => {
    // 0 / 0 and its gradient are NaN: the user did not guard against a batch of which nothing counts.
    const unguarded: Loss = (predictions, targets) => {
      const counted = cast(greater(targets, 0), 'float32')
      const weight = sum(counted)
      const rows = mean(square(predictions), 1)
      return { mean: div(sum(where(greater(targets, 0), rows, 0)), weight), weight }
    }
    const whole = await stepOf({ pixels: unguarded }, [samples], labels.plain)
    for (const sizes of [
      [3, 3],
      [2, 1, 3],
      [2, 3, 1],
    ]) {
      const parts = await stepOf({ pixels: unguarded }, sizes, labels.plain)
      expectNear(parts.weights, whole.weights)
    }
  })
})

describeBackends('a loss', () => {
  const model = () => init(new Linear(features, classes), random.key(3))
  const wrong: { name: string; loss: (y: Tensor) => unknown; message: string }[] = [
    { name: 'one a sample', loss: (y) => mean(y, 1), message: 'expected a scalar, got [6]. Take its mean or its sum' },
    { name: 'of one element', loss: (y) => mean(y, [0, 1], true), message: 'expected a scalar, got [1,1]' },
    { name: 'of integers', loss: (y) => cast(sum(y), 'int32'), message: 'expected float32, got int32' },
    { name: 'a number', loss: () => 3, message: 'expected a scalar tensor, got number' },
    { name: 'a promise', loss: async (y) => mean(y), message: 'It must not be async' },
    { name: 'nothing', loss: () => undefined, message: 'expected a scalar tensor, got undefined' },
    { name: 'a mean that is none', loss: (y) => ({ mean: y, weight: 1 }), message: 'expected a scalar, got [6,3]' },
    { name: 'a sum that is none', loss: (y) => ({ sum: sum(y, 0) }), message: 'expected a scalar, got [3]' },
    {
      name: 'without a weight',
      loss: (y) => ({ mean: mean(y) }),
      message: '{ mean, weight } or { sum }, got { mean }',
    },
    { name: 'of a negative weight', loss: (y) => ({ mean: mean(y), weight: -1 }), message: 'at least 0, got -1' },
    { name: 'of many weights', loss: (y) => ({ mean: mean(y), weight: mean(y, 0) }), message: 'at least 0, got [3]' },
    {
      name: 'without a path to the model',
      loss: () => mean(tensor([1, 2])),
      message: 'the loss does not depend on any parameter of this Linear',
    },
  ]

  test.each(wrong)('$name is refused in a step, a custom step and, but for its path, in evaluation', async (row) => {
    const { loss, message } = row
    const net = model()
    const trainer = new Trainer({ model: net, loss: loss as Loss, optimizer: sgd() })
    const batches = batchesOf([samples], labels.plain)
    const before = memory().numTensors
    await expect(trainer.fit(batches, { steps: 1 })).rejects.toThrow(message)
    if (!row.name.includes('path')) await expect(trainer.evaluate(batches)).rejects.toThrow(message)
    const custom = new StepTrainer({
      models: { net },
      optimizers: { net: sgd() },
      step: ({ image }: { image: Tensor }, { update }) => ({
        net: update('net', () => loss(net.forward(image)) as Scalar),
      }),
    })
    await expect(custom.fit(batches as never, { steps: 1 })).rejects.toThrow(message)
    if (!row.name.includes('path')) {
      const told = new StepTrainer({
        models: { net },
        optimizers: { net: sgd() },
        step: ({ image }: { image: Tensor }) => ({ net: loss(net.forward(image)) as Scalar }),
      })
      await expect(told.fit(batches as never, { steps: 1 })).rejects.toThrow(message)
    }
    expect(memory().numTensors).toBe(before)
    net.dispose()
  })

  test('of a custom step may be a mean with its weight, or a sum', async () => {
    const net = model()
    const weight = Array.from(await net.weight.value.data())
    const train = async (sizes: readonly number[]) => {
      net.weight.assign(tensor(weight, [classes, features]))
      const custom = new StepTrainer({
        models: { net },
        optimizers: { net: sgd({ learningRate: 0 }) },
        step: ({ image, label, soft }: Record<string, Tensor>, { update }) => ({
          a: update('net', () => crossEntropy()(net.forward(image as Tensor), label as Tensor)),
          b: update('net', () => mse({ reduction: 'sum' })(net.forward(image as Tensor), soft as Tensor)),
          c: update('net', () => mean(square(net.forward(image as Tensor)))),
        }),
      })
      const before = memory().numTensors
      const { history } = await custom.fit(batchesOf(sizes, labels.oneBatchIgnored) as never, { epochs: 1 })
      expect(memory().numTensors).toBe(before)
      return history.epochs[0]?.train as unknown as Record<string, number>
    }
    const whole = await train([samples])
    for (const sizes of [
      [3, 3],
      [1, 5],
    ]) {
      const parts = await train(sizes)
      expectNear(Object.values(parts), Object.values(whole))
    }
    net.dispose()
  })
})
