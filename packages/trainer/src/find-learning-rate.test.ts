import { type Loader, loader } from '@ddnet/datasets'
import type { Measures } from '@ddnet/metrics'
import { add, memory, mul, random, sum } from '@ddnet/ops'
import { adam, sgd } from '@ddnet/optimizers'
import { defined, describeBackends, itemAt, tuple } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { brightRows, classify, type LabelledImages, type TinyNet, tinyNet } from '../test/tiny.ts'
import { findLearningRate, type SingleSweep, Trainer } from './index.ts'

const rows = () => loader(brightRows(40), { batchSize: 8, shuffle: true, key: random.key(5) })
const sweep = (
  model: TinyNet,
  options: Partial<SingleSweep<LabelledImages, Measures, TinyNet>> = {},
  train: Loader<LabelledImages> = rows(),
) =>
  findLearningRate<LabelledImages, Measures, TinyNet>({
    model,
    data: { train },
    step: classify,
    optimizer: (learningRate) => adam({ learningRate }),
    ...options,
  })

describeBackends('findLearningRate', () => {
  test('suggests a rate with which the model learns, and a hundredth and a hundred times of which are worse', async () => {
    const model = tinyNet()
    const { suggestion, points } = await sweep(model)
    model.dispose()
    expect(points[0]?.learningRate).toBe(1e-6)
    const lossWith = async (learningRate: number) => {
      const model = tinyNet()
      const data = { train: rows() }
      const trainer = new Trainer({ model, optimizer: adam({ learningRate }), data, step: classify })
      await trainer.fit({ steps: 40 })
      const { loss } = await trainer.evaluate(rows())
      model.dispose()
      return loss
    }
    const rate = defined(suggestion)
    const [lower, suggested, higher] = [await lossWith(rate / 100), await lossWith(rate), await lossWith(rate * 100)]
    expect(suggested).toBeLessThan(0.5)
    expect(suggested).toBeLessThan(lower / 2)
    expect(suggested).toBeLessThan(higher)
  })

  test('passes by a step of which nothing counts: it tells nothing of its rate', async () => {
    const model = tinyNet()
    // The first of the five batches of each epoch has no label that counts.
    const data = brightRows(40)
    const get = async (index: number) => ({ ...(await data.get(index)), ...(index < 8 && { label: -100 }) })
    const { points } = await sweep(model, { steps: 20 }, loader({ ...data, get }, { batchSize: 8 }))
    model.dispose()
    expect(points.map(({ step }) => step % 5)).toEqual([2, 3, 4, 0, 2, 3, 4, 0, 2, 3, 4, 0, 2, 3, 4, 0])
    expect(points.every(({ smoothed }) => Number.isFinite(smoothed))).toBe(true)
    expect(points[0]?.smoothed).toBeCloseTo(defined(points[0]?.loss), 6)
  })

  test('the suggestion is in the middle of the fall, whatever noise is on it', async () => {
    // A loss that depends on the step alone: it falls from 2 to 1 between the steps 40 and 60.
    const model = tinyNet()
    const noise = random.uniformValues(random.key(9), 100)
    const { suggestion, points } = await sweep(model, {
      optimizer: (learningRate) => sgd({ learningRate }),
      step: ({ image }, { model, step }) => {
        const fall = 2 - Math.min(1, Math.max(0, (step - 40) / 20))
        return {
          loss: add(mul(sum(model.forward(image)), 0), fall + 0.4 * (itemAt(noise, step - 1) - 0.5)),
        }
      },
    })
    model.dispose()
    expect(points).toHaveLength(100)
    const at = points.findIndex(({ learningRate }) => learningRate === suggestion) + 1
    expect(Math.abs(at - 50)).toBeLessThan(4)
  })

  test('leaves model, loader and memory as they were, bit for bit', async () => {
    const model = tinyNet()
    const data = rows()
    data.restore({ epoch: 3, position: 2 })
    const before = { weights: await model.stateDict(), tensors: memory().numTensors }
    await sweep(model, { to: 1e3 }, data)
    expect({ weights: await model.stateDict(), tensors: memory().numTensors }).toEqual(before)
    expect(data.state()).toEqual({ epoch: 3, position: 2 })
    model.dispose()
  })

  test('ends where the loss explodes', async () => {
    const model = tinyNet()
    const { exploded, points } = await sweep(model, { optimizer: (learningRate) => sgd({ learningRate }), to: 1e30 })
    expect(exploded).toBe(true)
    expect(points.length).toBeLessThan(100)
    expect(points.at(-1)?.learningRate).toBeLessThan(1e30)
    model.dispose()
  })

  test('smooths with the bias taken out, over rates with one factor between neighbours', async () => {
    const model = tinyNet()
    const { points } = await sweep(model, { from: 1e-4, to: 1e-2, steps: 11, smoothing: 0.5 })
    expect(points.map(({ learningRate }) => Math.log10(learningRate).toFixed(4))).toEqual(
      Array.from({ length: 11 }, (_, at) => (-4 + at / 5).toFixed(4)),
    )
    const [a, b, c] = tuple(
      points.map(({ loss }) => loss),
      3,
    )
    expect(points[0]?.smoothed).toBeCloseTo(a, 6)
    expect(points[1]?.smoothed).toBeCloseTo((a + 2 * b) / 3, 6)
    expect(points[2]?.smoothed).toBeCloseTo((a + 2 * b + 4 * c) / 7, 6)
    model.dispose()
  })

  test('refuses rates and steps that make no sweep', async () => {
    const model = tinyNet()
    await expect(sweep(model, { from: 1, to: 0.1 })).rejects.toThrow('expected 0 < from < to, got from 1 and to 0.1')
    await expect(sweep(model, { steps: 3 })).rejects.toThrow(
      'expected steps to be a whole number of at least 10, got 3',
    )
    await expect(sweep(model, { smoothing: 1 })).rejects.toThrow('expected smoothing of at least 0 and below 1, got 1')
    model.dispose()
  })
})
