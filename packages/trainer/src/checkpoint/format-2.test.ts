import { cpSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type ArrayField, type ClassificationSample, type Dataset, loader } from '@ddnet/datasets'
import { BatchNorm, init, Linear, Module } from '@ddnet/layers'
import { mean, mul, random, relu, reshape, square, sub, type Tensor } from '@ddnet/ops'
import { adam, chain, ema, sgd } from '@ddnet/optimizers'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { folders } from '../../test/folder.ts'
import { classify } from '../../test/tiny.ts'
import { checkpoint, earlyStopping, jsonl, loadCheckpoint, Trainer } from '../index.ts'

// What trainers of before wrote: their checkpoints, and the histories of the unbroken runs, which are the judges here.
const before = new URL('../../test/checkpoints-of-format-2/', import.meta.url).pathname
const historyOf = (run: string) => JSON.parse(readFileSync(path.join(before, run, 'history.json'), 'utf8'))
const newFolder = folders()
beforeAll(() => useBackend('cpu'))

const image = (index: number): Float32Array => {
  const data = Float32Array.from({ length: 16 }, (_, at) => ((at * 7 + index * 5) % 11) / 11)
  for (let column = 0; column < 4; column++) data[(index % 4) * 4 + column] = 1
  return data
}
/** Pictures of 4 × 4 with one bright row, the label, on a pattern. */
const rows: Dataset<ClassificationSample> = {
  length: 40,
  get: async (index) => ({ image: { kind: 'image', data: image(index), shape: [4, 4, 1] }, label: index % 4 }),
}
class Net extends Module {
  readonly hidden = new Linear(16, 8)
  readonly norm = new BatchNorm(8)
  readonly output = new Linear(8, 4)
  override forward(image: Tensor): Tensor {
    return this.output.forward(relu(this.norm.forward(this.hidden.forward(reshape(image, [-1, 16])))))
  }
}

const timeless = (events: readonly object[]) =>
  events.map(({ monitored: _, ...event }: object & { monitored?: unknown }) => ({
    ...event,
    seconds: 0,
    dataSeconds: 0,
  }))

/** Numbers of another order of sums differ in their last places. */
function expectAlike(actual: unknown, expected: unknown): void {
  if (typeof expected === 'number') {
    expect(Math.abs((actual as number) - expected)).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(expected)))
  } else if (typeof expected === 'object' && expected !== null) {
    expect(Object.keys(actual as object).sort()).toEqual(Object.keys(expected).sort())
    for (const [name, value] of Object.entries(expected)) expectAlike((actual as Record<string, unknown>)[name], value)
  } else expect(actual).toBe(expected)
}

describe('a checkpoint of format 2', () => {
  // An epoch has five steps, a validation comes every ten: one owes the end of an epoch, the other a validation too.
  test.each([5, 10])(
    'goes on after step %i as the run of before did, with its log and early stopping',
    async (step) => {
      const folder = newFolder()
      cpSync(path.join(before, 'single'), folder, { recursive: true })
      const resume = await loadCheckpoint(path.join(folder, `checkpoints/step=${String(step).padStart(6, '0')}`))
      expect(resume.callbacks?.['earlyStopping']).toEqual({ of: 'accuracy', best: null, step: 0, waited: 0 })
      const model = init(new Net(), random.key(1))
      const trainer = new Trainer({
        model,
        optimizer: chain(adam({ learningRate: 0.03 }), ema(0.5)),
        data: { train: loader(rows, { batchSize: 8 }), validation: loader(rows, { batchSize: 20 }) },
        step: classify,
        monitor: 'accuracy',
        callbacks: [
          earlyStopping({ patience: 3 }),
          jsonl({ to: path.join(folder, 'metrics.jsonl'), every: 1 }),
          checkpoint({ directory: path.join(folder, 'checkpoints'), every: 5, later: 'setAside' }),
        ],
      })
      const { history } = await trainer.fit({ steps: 20, validateEvery: 10, resume })
      const whole = historyOf('single')
      const later = (events: { step: number }[], from: number) => events.filter((event) => event.step >= from)
      expectAlike(timeless(history.steps), later(whole.steps, step + 1))
      // A validation did not tell its step's rate then.
      const validations = history.validations.map(({ learningRate: _, ...event }) => event)
      expectAlike(timeless(validations), later(whole.validations, step))
      expectAlike(timeless(history.epochs), later(whole.epochs, step))
      const lines = readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n')
      expect(lines.filter((line) => line.includes('"event":"step"'))).toHaveLength(20)
      expect((await loadCheckpoint(path.join(folder, 'checkpoints/last'))).step).toBe(20)
      model.dispose()
    },
  )

  test('of several models goes on, too', async () => {
    const resume = await loadCheckpoint(path.join(before, 'several/checkpoints/last'))
    expect(resume.step).toBe(7)
    const pixels: Dataset<{ x: ArrayField<readonly [number]> }> = {
      length: 40,
      get: async (index) => ({ x: { data: image(index), shape: [16] } }),
    }
    const models = init({ a: new Linear(1, 1), b: new Linear(1, 1) }, random.key(1))
    const trainer = new Trainer({
      models,
      optimizers: { a: adam({ learningRate: 0.1 }), b: sgd({ learningRate: 0.05, momentum: 0.9 }) },
      data: { train: loader(pixels, { batchSize: 8 }) },
      step: (batch, { models, update }) => {
        const x = reshape(batch.x, [-1, 1])
        const loss = (model: Linear, slope: number) => () => mean(square(sub(model.forward(x), mul(x, slope))))
        return { a: update('a', loss(models.a, 2)), b: update('b', loss(models.b, 3)) }
      },
    })
    const { history } = await trainer.fit({ steps: 12, resume })
    const whole = historyOf('several')
    expectAlike(timeless(history.steps), whole.steps.slice(7))
    expectAlike(timeless(history.epochs), whole.epochs.slice(1))
  })
})
