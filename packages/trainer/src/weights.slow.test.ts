import type { Loader } from '@ddnet/datasets'
import { init, Linear } from '@ddnet/layers'
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
  tensor,
  where,
} from '@ddnet/ops'
import { sgd } from '@ddnet/optimizers'
import { describeBackends, itemAt } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { DivergedError, evaluate, type Losses, Trainer } from './index.ts'

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

interface Rows {
  readonly x: Tensor
  readonly label: Tensor
  readonly soft: Tensor
  readonly pixels: Tensor
}

/** Batches of these sizes, again in every epoch. */
function batchesOf(sizes: readonly number[], targets: readonly number[]): Loader<Rows> {
  const rows = (from: number, count: number): Rows => ({
    x: tensor(values.slice(from * features, (from + count) * features), [count, features]),
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

type LossOf = (y: Tensor, batch: Rows) => Losses

const linear = () => init(new Linear(features, classes), random.key(3))
const classWeights = () => tensor([0.2, 3, 1])
/** A mean weighed by the sample's own weights, as a user writes it. */
const bySample = (y: Tensor, weights: Tensor): Loss => {
  const weight = sum(weights)
  const total = sum(mul(weights, mean(square(y), 1)))
  return { mean: div(total, maximum(weight, 1e-12)), weight }
}
const losses: Record<string, LossOf> = {
  crossEntropy: (y, { label }) => crossEntropy(y, label),
  'crossEntropy smoothed': (y, { label }) => crossEntropy(y, label, { labelSmoothing: 0.2 }),
  'crossEntropy with class weights': (y, { label }) => crossEntropy(y, label, { classWeights: classWeights() }),
  'crossEntropy with class weights, smoothed': (y, { label }) =>
    crossEntropy(y, label, { classWeights: classWeights(), labelSmoothing: 0.2 }),
  'crossEntropy summed': (y, { label }) => crossEntropy(y, label, { reduction: 'sum', classWeights: classWeights() }),
  'crossEntropy of probabilities': (y, { soft }) => crossEntropy(y, soft, { classWeights: classWeights() }),
  'crossEntropy weighted': (y, { label }) => weighted(crossEntropy(y, label, { classWeights: classWeights() }), 3),
  mse: (y, { soft }) => mse(y, soft),
  'mse summed': (y, { soft }) => mse(y, soft, { reduction: 'sum' }),
  'mse weighted': (y, { soft }) => weighted(mse(y, soft), 0.1),
  'a scalar of ours': (y, { soft }) => mean(square(sub(y, soft))),
  'weights of samples': (y, { pixels }) => bySample(y, pixels),
  'two losses that divide by different counts': (y, { label, soft }) => ({
    class: crossEntropy(y, label, { classWeights: classWeights() }),
    soft: weighted(mse(y, soft), 2),
  }),
  'two losses that divide by one count': (y, { soft }) => ({ soft: mse(y, soft), other: weighted(mse(y, soft), 0.5) }),
  'three losses, one of them summed': (y, { label, pixels, soft }) => ({
    class: crossEntropy(y, label),
    pixels: bySample(y, pixels),
    soft: mse(y, soft, { reduction: 'sum' }),
  }),
}

async function stepOf(loss: LossOf, sizes: readonly number[], targets: readonly number[], epochs = 1) {
  const model = linear()
  const trainer = new Trainer({
    model,
    optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
    data: { train: batchesOf(sizes, targets) },
    step: (batch, { model }) => ({ loss: loss(model.forward(batch.x), batch) }),
    accumulate: sizes.length,
  })
  const before = memory().numTensors
  const { history } = await trainer.fit({ epochs })
  expect(memory().numTensors).toBe(before)
  const weights = Array.from(await model.weight.value.data())
  model.dispose()
  return { weights, losses: history.steps.map(({ loss }) => loss), epoch: history.epochs[0]?.train.loss }
}

/** The scores that are not metrics. */
const lossesOf = ({ accuracy: _, each: __, matrix: ___, ...losses }: object & Record<string, unknown>): number[] =>
  Object.values(losses) as number[]

/** Within some roundings of float32. */
const expectNear = (actual: readonly number[], expected: readonly number[]) => {
  for (const [at, value] of expected.entries()) {
    expect(Math.abs(itemAt(actual, at) - value)).toBeLessThan(2e-6 * Math.max(1, Math.abs(value)))
  }
}

describeBackends('batches of any sizes are one', () => {
  const rows = Object.entries(losses).flatMap(([name, loss]) =>
    Object.entries(labels).map(([labelling, targets]) => ({ name, loss, labelling, targets })),
  )

  test.each(rows)('in steps: $name, labels $labelling', async ({ loss, targets }) => {
    const whole = await stepOf(loss, [samples], targets, 2)
    for (const sizes of [
      [4, 2],
      [1, 3, 2],
    ]) {
      const parts = await stepOf(loss, sizes, targets, 2)
      expectNear(parts.weights, whole.weights)
      expectNear(parts.losses, whole.losses)
      expectNear([parts.epoch as number], [whole.epoch as number])
    }
  })

  test.each(rows)('in evaluation: $name, labels $labelling', async ({ loss, targets }) => {
    const model = linear()
    const trainer = new Trainer({
      model,
      optimizer: sgd(),
      step: (batch: Rows, { model }) => {
        const y = model.forward(batch.x)
        return {
          loss: loss(y, batch),
          metrics: {
            accuracy: accuracy(y, batch.label),
            each: classAccuracy(y, batch.label),
            matrix: confusionMatrix(y, batch.label),
          },
        }
      },
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
      const scores = await trainer.evaluate(batchesOf(sizes, targets))
      expectNear(lossesOf(scores), lossesOf(whole))
      const { accuracy, each, matrix } = whole
      expect(scores).toMatchObject({ accuracy, each, matrix })
    }
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })

  const nothing = labels.plain.map(() => -100)

  test('an evaluation of which nothing counts is an error that names the loss', async () => {
    const model = linear()
    const evaluating = (step: LossOf) =>
      evaluate({
        model,
        data: batchesOf([2, 4], nothing),
        step: (batch, { model }) => ({ loss: step(model.forward(batch.x), batch) }),
      })
    const before = memory().numTensors
    await expect(evaluating((y, { label }) => crossEntropy(y, label))).rejects.toThrow(
      'evaluate: no target counts, so that it has no mean: all labels are ignored',
    )
    await expect(
      evaluating((y, { label, soft }) => ({ class: crossEntropy(y, label), soft: mse(y, soft) })),
    ).rejects.toThrow("evaluate: no target counts for the loss 'class', so")
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })

  test('a step of which nothing counts has no loss and no gradient, as in PyTorch, and is not a divergence', async () => {
    const model = linear()
    const before = Array.from(await model.weight.value.data())
    const trainer = new Trainer({
      model,
      optimizer: sgd({ learningRate: 0.5 }),
      step: ({ x, label }: Rows, { model }) => ({ loss: crossEntropy(model.forward(x), label) }),
    })
    const { history } = await trainer.fit({ data: { train: batchesOf([6], nothing) }, steps: 2 })
    expect(history.steps.map(({ loss }) => loss)).toEqual([Number.NaN, Number.NaN])
    expect(history.epochs[0]?.train.loss).toBeNaN()
    expect(Array.from(await model.weight.value.data())).toEqual(before)
    // Beside others it counts for nothing.
    const mixed = await trainer.fit({ data: { train: batchesOf([3, 3], labels.oneBatchIgnored) }, steps: 2 })
    const [first, second] = mixed.history.steps
    expect(first?.loss).toBeNaN()
    expect(mixed.history.epochs[0]?.train.loss).toBeCloseTo(second?.loss as number, 6)
    model.dispose()
  })

  test('a loss that counts and is not a number is a divergence still, and so is a weight that is none', async () => {
    const model = linear()
    const fit = (loss: (y: Tensor) => Loss) =>
      new Trainer({
        model,
        optimizer: sgd(),
        data: { train: batchesOf([3, 3], labels.plain) },
        step: ({ x }, { model }) => ({ loss: loss(model.forward(x)) }),
      }).fit({ steps: 2 })
    const before = memory().numTensors
    await expect(fit((y) => ({ mean: mul(mean(y), Number.NaN), weight: 2 }))).rejects.toThrow(/the loss is NaN/)
    await expect(fit((y) => ({ sum: mul(sum(y), Number.NaN) }))).rejects.toThrow(DivergedError)
    await expect(fit((y) => ({ mean: mean(y), weight: tensor(Number.NaN) }))).rejects.toThrow(
      /the weight of the loss is NaN/,
    )
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })

  test('a gradient of NaN of a batch of weight 0 does not come into the mean', async () => {
    // 0 / 0 and its gradient are NaN: the user did not guard against a batch of which nothing counts.
    const unguarded: LossOf = (y, { pixels }) => {
      const counted = cast(greater(pixels, 0), 'float32')
      const weight = sum(counted)
      const rows = mean(square(y), 1)
      return { mean: div(sum(where(greater(pixels, 0), rows, 0)), weight), weight }
    }
    const whole = await stepOf(unguarded, [samples], labels.plain)
    for (const sizes of [
      [3, 3],
      [2, 1, 3],
      [2, 3, 1],
    ]) {
      const parts = await stepOf(unguarded, sizes, labels.plain)
      expectNear(parts.weights, whole.weights)
    }
  })
})

describeBackends('a loss', () => {
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

  test.each(wrong)(
    '$name is refused in a step, of one model and of several, and, but for its path, in evaluation',
    async (row) => {
      const { loss, message } = row
      const net = linear()
      const of = (y: Tensor) => loss(y) as Scalar
      const data = { train: batchesOf([samples], labels.plain) }
      const trainer = new Trainer({
        model: net,
        optimizer: sgd(),
        data,
        step: ({ x }, { model }) => ({ loss: of(model.forward(x)) }),
      })
      const before = memory().numTensors
      await expect(trainer.fit({ steps: 1 })).rejects.toThrow(message)
      if (!row.name.includes('path')) await expect(trainer.evaluate(data.train)).rejects.toThrow(message)
      const several = { models: { net }, optimizers: { net: sgd() }, data }
      const updating = new Trainer({
        ...several,
        step: ({ x }, { models: { net }, update }) => ({ net: update('net', () => of(net.forward(x))) }),
      })
      await expect(updating.fit({ steps: 1 })).rejects.toThrow(message)
      if (!row.name.includes('path')) {
        const told = new Trainer({ ...several, step: ({ x }, { models: { net } }) => ({ net: of(net.forward(x)) }) })
        await expect(told.fit({ steps: 1 })).rejects.toThrow(message)
      }
      expect(memory().numTensors).toBe(before)
      net.dispose()
    },
  )

  test('of a step of several models may be a mean with its weight, a sum, or several of them', async () => {
    const net = linear()
    const weight = Array.from(await net.weight.value.data())
    const train = async (sizes: readonly number[]) => {
      net.weight.assign(tensor(weight, [classes, features]))
      const several = new Trainer({
        models: { net },
        optimizers: { net: sgd({ learningRate: 0 }) },
        data: { train: batchesOf(sizes, labels.oneBatchIgnored) },
        step: ({ x, label, soft }, { models: { net }, update }) => ({
          a: update('net', () => crossEntropy(net.forward(x), label)),
          b: update('net', () => mse(net.forward(x), soft, { reduction: 'sum' })),
          c: update('net', () => mean(square(net.forward(x)))),
          ...update('net', () => ({ d: crossEntropy(net.forward(x), label), e: mean(square(net.forward(x))) })),
        }),
      })
      const before = memory().numTensors
      const { history } = await several.fit({ epochs: 1 })
      expect(memory().numTensors).toBe(before)
      return history.epochs[0]?.train as unknown as Record<string, number>
    }
    const whole = await train([samples])
    expect(Object.keys(whole)).toEqual(['loss', 'a', 'b', 'c', 'd', 'e'])
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
