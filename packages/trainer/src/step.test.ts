import { init, Linear, Module } from '@ddnet/layers'
import { crossEntropy, mse, weighted } from '@ddnet/losses'
import { accuracy, average } from '@ddnet/metrics'
import { memory, random, reshape, type Tensor, tensor, zeros } from '@ddnet/ops'
import { adam, sgd } from '@ddnet/optimizers'
import { entryOf, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { evaluationLoader, trainLoader, trainOnly } from '../test/small-runs.ts'
import { classify, type LabelledImages, type TinyNet, tinyNet } from '../test/tiny.ts'
import { Trainer } from './index.ts'

beforeAll(() => useBackend('cpu'))

describe('a step', () => {
  const fitWith = async (step: unknown) => {
    const model = tinyNet()
    const trainer = new Trainer({ model, optimizer: sgd(), data: trainOnly(), step: step as typeof classify })
    const before = memory().numTensors
    const message = await trainer.fit({ steps: 1 }).then(
      () => 'none',
      ({ message }: Error) => message,
    )
    expect(memory().numTensors).toBe(before)
    model.dispose()
    return message
  }
  const loss = ({ image }: LabelledImages, model: TinyNet) => mse(model.forward(image), zeros([8, 4]))

  test.each<[string, (batch: LabelledImages, context: { model: TinyNet }) => unknown, string]>([
    ['nothing', () => undefined, 'expected the step to return { loss, metrics }, got undefined'],
    ['a loss alone', (batch, { model }) => loss(batch, model), 'return { loss, metrics }, got { mean, weight }'],
    ['a promise', async () => ({ loss: 0 }), 'must not be async'],
    ['no loss of a record', () => ({ loss: {} }), 'expected at least one loss, got a record without entries'],
    [
      "a loss called 'loss' beside another",
      (batch, { model }) => ({ loss: { loss: loss(batch, model), other: loss(batch, model) } }),
      "one of several losses cannot be called 'loss'",
    ],
    [
      "a metric called 'loss'",
      (batch, { model }) => ({ loss: loss(batch, model), metrics: { loss: average(batch.image) } }),
      "a metric cannot be called 'loss'",
    ],
    [
      'a metric that is a number',
      (batch, { model }) => ({ loss: loss(batch, model), metrics: { accuracy: 0.5 } }),
      "expected the metric 'accuracy' to be a measure, got 0.5",
    ],
    [
      'a label that is not a class',
      ({ image }, { model }) => {
        const logits = model.forward(image)
        return {
          loss: mse(logits, zeros([8, 4])),
          metrics: { accuracy: accuracy(logits, tensor([0, 1, 2, 3, 4, 0, 0, 0], [8], 'int32')) },
        }
      },
      'accuracy: label 4 is not in 0 … 3',
    ],
  ])('that returns %s is told', async (_, step, message) => {
    expect(await fitWith(step)).toContain(message)
  })

  test('is told whether it trains, its number and a key, the same ones in a resumed run', async () => {
    const seen: [boolean, number, number][] = []
    const model = tinyNet()
    const trainer = new Trainer({
      model,
      optimizer: sgd(),
      data: { train: trainLoader(16), validation: evaluationLoader(8) },
      step: (batch, context) => {
        seen.push([context.training, context.step, context.key.low])
        return classify(batch, context)
      },
    })
    await trainer.fit({ steps: 3, key: random.key(4) })
    expect(seen.map(([training, step]) => [training, step])).toEqual([
      [true, 1],
      [true, 2],
      [false, 2],
      [true, 3],
      [false, 3],
    ])
    expect(seen[0]?.[2]).toBe(random.key(4).fold(1).low)
    expect(seen[2]?.[2]).toBe(seen[4]?.[2])
    model.dispose()
  })

  test('may measure tensors of the batch and of the model, which stay', async () => {
    const model = tinyNet()
    const trainer = new Trainer({
      model,
      optimizer: sgd({ learningRate: 0 }),
      data: { train: trainLoader(), validation: evaluationLoader() },
      step: (batch, { model }) => {
        const { loss } = classify(batch, { model } as never)
        return {
          loss,
          metrics: { weight: average(model.output.weight.value, { better: 'lower' }), image: average(batch.image) },
        }
      },
      monitor: 'weight',
    })
    const before = memory().numTensors
    const { history } = await trainer.fit({ epochs: 1 })
    const weights = await model.output.weight.value.data()
    const mean = Array.from(weights).reduce((sum, each) => sum + each, 0) / weights.length
    expect(history.validations[0]?.validation['weight']).toBeCloseTo(mean, 6)
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })
})

describe('several heads', () => {
  class TwoHeads extends Module {
    readonly class = new Linear(16, 4)
    readonly image = new Linear(16, 16)
    override forward(image: Tensor) {
      const flat = reshape(image, [-1, 16])
      return { class: this.class.forward(flat), reconstruction: this.image.forward(flat) }
    }
  }
  const twoHeads = () => init(new TwoHeads(), random.key(1))
  async function* batches() {
    for (const label of [0, 1, 2, 3]) {
      const image = random.uniform(random.key(label), [2, 4, 4, 1])
      yield { image, class: tensor([label, label], [2], 'int32'), reconstruction: reshape(image, [2, 16]) }
    }
  }
  const data = { ...trainLoader(), length: 4, [Symbol.asyncIterator]: batches }
  const trainerOf = (model: TwoHeads, chosen: ('class' | 'reconstruction')[], accumulate = 1) =>
    new Trainer({
      model,
      optimizer: adam({ learningRate: 0.05 }),
      data: { train: data, validation: data },
      step: (batch, { model }) => {
        const heads = model.forward(batch.image)
        const losses = {
          class: crossEntropy(heads.class, batch.class),
          reconstruction: weighted(mse(heads.reconstruction, batch.reconstruction), 0.5),
        }
        return {
          loss: Object.fromEntries(chosen.map((name) => [name, losses[name]])),
          metrics: { accuracy: accuracy(heads.class, batch.class) },
        }
      },
      accumulate,
      monitor: 'accuracy',
    })

  test('the losses are added up, and told by their names', async () => {
    const model = twoHeads()
    const both = await trainerOf(model, ['class', 'reconstruction']).evaluate()
    const one = await trainerOf(model, ['class']).evaluate()
    const other = await trainerOf(model, ['reconstruction']).evaluate()
    expect(both.loss).toBeCloseTo(one.loss + other.loss, 5)
    expect(both).toMatchObject({ class: one.loss, reconstruction: other.loss })
    const { history } = await trainerOf(model, ['class', 'reconstruction']).fit({ epochs: 1 })
    const [{ loss, losses } = expect.fail()] = history.steps
    expect(Object.keys(losses ?? {})).toEqual(['class', 'reconstruction'])
    expect(loss).toBeCloseTo(entryOf(losses, 'class') + entryOf(losses, 'reconstruction'), 5)
    model.dispose()
  })

  test.each([1, 3])('train together, in flat memory, %i batches a step', async (accumulate) => {
    const model = twoHeads()
    const trainer = trainerOf(model, ['class', 'reconstruction'], accumulate)
    const before = memory().numTensors
    const first = await trainer.evaluate()
    await trainer.fit({ epochs: 30 * accumulate })
    const last = await trainer.evaluate()
    expect(memory().numTensors).toBe(before)
    expect(last.loss).toBeLessThan(first.loss / 2)
    expect(last.accuracy).toBe(1)
    model.dispose()
  })
})
