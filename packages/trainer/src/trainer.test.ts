import { loader } from '@ddnet/datasets'
import { init } from '@ddnet/layers'
import { memory, random } from '@ddnet/ops'
import { sgd } from '@ddnet/optimizers'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { create, evaluationLoader, recorder, trainLoader, trainOnly } from '../test/small-runs.ts'
import { brightRows, classify, TinyNet, tinyNet } from '../test/tiny.ts'
import { type Callback, CallbackError, evaluate, Trainer } from './index.ts'

beforeAll(() => useBackend('cpu'))

describe('fit', () => {
  test('learns', async () => {
    const { model, trainer } = create()
    await trainer.fit({ data: trainOnly(), epochs: 12 })
    const { loss, accuracy } = await trainer.evaluate(evaluationLoader(100))
    expect(accuracy).toBeGreaterThan(0.9)
    expect(loss).toBeLessThan(0.5)
    model.dispose()
  })

  test('emits its events in order: step, validation, epoch', async () => {
    const { events, callback } = recorder()
    const { model, trainer } = create([callback])
    const { reason } = await trainer.fit({
      data: { train: trainLoader(16), validation: evaluationLoader() },
      steps: 5,
      validateEvery: 2,
    })
    expect(reason).toBe('done')
    expect(events).toEqual([
      'start 0/5',
      'step 1',
      'step 2',
      'validation 2',
      'epoch 1 after 2',
      'step 3',
      'step 4',
      'validation 4',
      'epoch 2 after 4',
      'step 5',
      'validation 5',
      'end done 5',
    ])
    model.dispose()
  })

  test('validates at the end of every epoch, unless told otherwise, and after the last step', async () => {
    const { model, trainer } = create()
    const { history } = await trainer.fit({ steps: 12 })
    expect(history.validations.map(({ step }) => step)).toEqual([5, 10, 12])
    expect(history.epochs.map(({ step }) => step)).toEqual([5, 10])
    model.dispose()
  })

  test('tells each step its loss, learning rate, epoch and batch size', async () => {
    const { model, trainer } = create([], (step) => (step + 1) / 100)
    const { history } = await trainer.fit({ data: { train: trainLoader(20) }, epochs: 2 })
    expect(
      history.steps.map(({ step, epoch, batchSize, learningRate }) => [step, epoch, batchSize, learningRate]),
    ).toEqual([
      [1, 1, 8, 0.01],
      [2, 1, 8, 0.02],
      [3, 1, 4, 0.03],
      [4, 2, 8, 0.04],
      [5, 2, 8, 0.05],
      [6, 2, 4, 0.06],
    ])
    for (const { loss, seconds, dataSeconds } of history.steps) {
      expect(loss).toBeGreaterThan(0)
      expect(seconds).toBeGreaterThanOrEqual(dataSeconds)
      expect(dataSeconds).toBeGreaterThanOrEqual(0)
    }
    model.dispose()
  })

  test("averages the training scores since the last validation and over the epoch, by the batches' sizes", async () => {
    const { model, trainer } = create()
    const { history } = await trainer.fit({
      data: { train: trainLoader(20), validation: evaluationLoader() },
      epochs: 2,
      validateEvery: 2,
    })
    const mean = (from: number, to: number) => {
      const steps = history.steps.slice(from, to)
      const total = (f: (step: (typeof steps)[number]) => number) => steps.reduce((sum, step) => sum + f(step), 0)
      return total(({ loss, batchSize }) => loss * batchSize) / total(({ batchSize }) => batchSize)
    }
    expect(history.validations.map(({ train }) => train.loss)).toEqual([mean(0, 2), mean(2, 4), mean(4, 6)])
    expect(history.epochs.map(({ train }) => train.loss)).toEqual([mean(0, 3), mean(3, 6)])
    const counts = history.epochs.map(({ train }) => (train['confusion'] as number[][]).flat().reduce((a, b) => a + b))
    expect(counts).toEqual([20, 20])
    model.dispose()
  })

  test('events are the same whatever the lag', async () => {
    const runs = await Promise.all(
      [0, 1, 7].map(async (lag) => {
        const { events, callback } = recorder()
        const { model, trainer } = create([callback])
        const { history } = await trainer.fit({ epochs: 2, lag })
        model.dispose()
        return {
          events,
          losses: history.steps.map(({ loss }) => loss),
          scores: history.validations.map((v) => v.validation),
        }
      }),
    )
    expect(runs[1]).toEqual(runs[0])
    expect(runs[2]).toEqual(runs[0])
  })

  test('the host runs at most `lag` steps ahead', async () => {
    let computed = 0
    class Counting extends TinyNet {
      override forward(...parameters: Parameters<TinyNet['forward']>) {
        computed++
        return super.forward(...parameters)
      }
    }
    const ahead: number[] = []
    const model = init(new Counting(), random.key(0))
    const callbacks = [{ onStep: ({ step }: { step: number }) => void ahead.push(computed - step) }]
    const trainer = new Trainer({ model, optimizer: sgd(), data: trainOnly(), step: classify, callbacks })
    await trainer.fit({ steps: 10, lag: 2 })
    expect(ahead).toEqual([2, 2, 2, 1, 0, 2, 2, 2, 1, 0]) // it catches up at the end of an epoch of five
    model.dispose()
  })

  test('control.stop finishes the step, and onEnd still runs', async () => {
    const { events, callback } = recorder({
      needsState: () => true,
      onStep: ({ step }, control) => step === 3 && control.stop('enough'),
      onEnd: ({ message }) => expect(message).toBe('enough'),
    } as Callback)
    const { model, trainer } = create([callback])
    const { reason, history } = await trainer.fit({ epochs: 9 })
    expect(reason).toBe('stopped')
    expect(history.steps).toHaveLength(3)
    expect(events.at(-1)).toBe('end stopped 3')
    model.dispose()
  })

  test.each<[string, () => { signal?: AbortSignal; maxSeconds?: number }, Callback, number, string]>([
    [
      'a signal',
      () => ({ signal: aborter.signal }),
      { onStep: ({ step }) => step === 3 && aborter.abort() } as Callback,
      3,
      'aborted',
    ],
    [
      'a signal with a reason',
      () => ({ signal: AbortSignal.abort(new Error('the user left')) }),
      {},
      0,
      'the user left',
    ],
    ['a time limit', () => ({ maxSeconds: 1e-9 }), {}, 0, 'Time limit reached (maxSeconds: 1e-9).'],
  ])('%s ends the run after a whole step, and is told', async (_, options, also, steps, message) => {
    aborter = new AbortController()
    const { events, callback } = recorder({ needsState: () => true, ...also })
    const { model, trainer } = create([callback])
    const before = memory().numTensors
    const result = await trainer.fit({ epochs: 9, ...options() })
    expect(result).toMatchObject({ reason: 'stopped', message: expect.stringContaining(message) })
    expect(result.history.steps).toHaveLength(steps)
    expect(events.at(-1)).toBe(`end stopped ${steps}`)
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })
  let aborter = new AbortController()

  test('every callback is asked after every step whether it needs the state', async () => {
    const asked: number[][] = [[], []]
    const asking = asked.map((steps): Callback => ({ needsState: (step) => steps.push(step) > 0 }))
    const { model, trainer } = create(asking)
    await trainer.fit({ steps: 6, validateEvery: 2 })
    expect(asked).toEqual([
      [1, 2, 3, 4, 5, 6],
      [1, 2, 3, 4, 5, 6],
    ])
    model.dispose()
  })

  test('a snapshot is refused where the model is ahead of the event', async () => {
    const { model, trainer } = create([{ onStep: async (_, control) => void (await control.snapshot()) }])
    await expect(trainer.fit({ epochs: 1 })).rejects.toThrow('Announce the step in needsState')
    model.dispose()
  })

  const fail = () => {
    throw new Error('no more paper')
  }
  test.each<[string, Callback, string, number]>([
    ['onStart', { onStart: fail }, '#2', 0],
    ['onStep', { onStep: fail, name: 'printer' }, 'printer', 3],
    ['onValidation', { onValidation: async () => fail() }, '#2', 3],
    ['onEpoch', { onEpoch: fail }, '#2', 5],
    ['onEnd', { onEnd: fail }, '#2', 6],
    ['needsState', { needsState: fail }, '#2', 1],
  ])(
    'a callback that throws in %s ends the run, named, with its error as the cause',
    async (event, bad, name, step) => {
      const { model, trainer } = create([{}, bad])
      const before = memory().numTensors
      const error = await trainer.fit({ steps: 6, validateEvery: 3 }).catch((error) => error)
      expect(error).toBeInstanceOf(CallbackError)
      expect(error).toMatchObject({ callback: name, event, cause: { message: 'no more paper' } })
      expect(error.message).toBe(`The callback ${name} failed in ${event}, after step ${error.step}: no more paper`)
      // The event of a step may come when later ones are computed.
      expect(error.step).toBeGreaterThanOrEqual(event === 'onStep' ? 1 : step)
      expect(error.step).toBeLessThanOrEqual(step)
      expect(memory().numTensors).toBe(before)
      model.dispose()
    },
  )

  test('a device that fails while a callback asks for a snapshot is an error of its own', async () => {
    const { model, trainer } = create([{ onEpoch: async (_, control) => void (await control.snapshot()) }])
    const lost = new Error('the device was lost')
    model.stateDict = () => Promise.reject(lost)
    expect(await trainer.fit({ epochs: 1 }).catch((error) => error)).toBe(lost)
    model.dispose()
  })

  test.each<[string, object]>([
    ['either epochs or steps', {}],
    ['either epochs or steps', { epochs: 1, steps: 1 }],
    ['epochs to be a whole number of at least 1, got 0', { epochs: 0 }],
    ['steps to be a whole number of at least 1, got -3', { steps: -3 }],
    ['validateEvery to be a whole number of at least 1, got 0.5', { steps: 3, validateEvery: 0.5 }],
    ['lag to be a whole number of at least 0, got -1', { steps: 3, lag: -1 }],
    ['maxSeconds above 0, got 0', { steps: 3, maxSeconds: 0 }],
  ])('refuses: expected %s', async (message, options) => {
    const { model, trainer } = create()
    await expect(trainer.fit(options as { steps: number })).rejects.toThrow(message)
    model.dispose()
  })

  test('names a loader whose length is wrong, and one that gives nothing', async () => {
    const { model, trainer } = create()
    const short = { ...trainLoader(), length: 4 }
    await expect(trainer.fit({ data: { train: short }, epochs: 3 })).rejects.toThrow(
      'length is 4 batches, but an epoch ended after 5',
    )
    const empty = { ...trainLoader(), async *[Symbol.asyncIterator]() {} }
    await expect(trainer.fit({ data: { train: empty }, epochs: 3 })).rejects.toThrow('gave no batches')
    await expect(trainer.evaluate(empty)).rejects.toThrow('gave no batches')
    model.dispose()
  })

  test('names data that is not there', async () => {
    const model = tinyNet()
    const trainer = new Trainer({ model, optimizer: sgd(), step: classify })
    await expect(trainer.fit({ epochs: 1 })).rejects.toThrow('fit: expected data, here or in the trainer')
    await expect(trainer.profile()).rejects.toThrow('profile: expected data')
    await expect(trainer.evaluate()).rejects.toThrow('evaluate: expected a loader')
    model.dispose()
  })
})

describe('memory', () => {
  test('is flat over 300 steps, validation and metrics included', async () => {
    const counts: number[] = []
    const { model, trainer } = create([
      {
        needsState: (step) => step % 50 === 0,
        onStep: ({ step }) => void (step % 50 === 0 && counts.push(memory().numTensors)),
      },
    ])
    const before = memory().numTensors
    await trainer.fit({ steps: 300, validateEvery: 60 })
    expect(new Set(counts).size).toBe(1)
    expect(counts).toHaveLength(6)
    expect(memory().numTensors).toBe(before)
    await trainer.evaluate(evaluationLoader())
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })
})

describe('evaluate', () => {
  test('is the mean over samples, whatever the batches', async () => {
    const { model, trainer } = create()
    const [whole, parts] = await Promise.all(
      [20, 6].map((batchSize) => trainer.evaluate(loader(brightRows(20, 2), { batchSize }))),
    )
    expect(parts?.loss).toBeCloseTo(whole?.loss as number, 6)
    expect(parts?.accuracy).toBe(whole?.accuracy)
    expect(parts?.confusion).toEqual(whole?.confusion)
    model.dispose()
  })

  test('needs no trainer', async () => {
    const { model, trainer } = create()
    const { accuracy } = await trainer.evaluate()
    expect(await evaluate({ model, data: evaluationLoader(), step: classify })).toMatchObject({ accuracy })
    model.dispose()
  })
})
