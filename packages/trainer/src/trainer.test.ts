import { type Loader, loader } from '@ddnet/datasets'
import { init, Linear, Module } from '@ddnet/layers'
import { crossEntropy, mse, weighted } from '@ddnet/losses'
import { accuracy, average, confusionMatrix } from '@ddnet/metrics'
import { memory, mul, ones, random, reshape, type Tensor, tensor, tidy, zeros } from '@ddnet/ops'
import { adam, sgd } from '@ddnet/optimizers'
import { entryOf, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { brightRows, classify, type LabelledImages, TinyNet, tinyNet } from '../test/tiny.ts'
import { type Callback, CallbackError, DivergedError, evaluate, type Snapshot, Trainer } from './index.ts'

beforeAll(() => useBackend('cpu'))

const trainLoader = (length = 40) => loader(brightRows(length), { batchSize: 8, shuffle: true, key: random.key(5) })
const evaluationLoader = (length = 20) => loader(brightRows(length, 2), { batchSize: 8 })
const create = (callbacks: Callback[] = [], learningRate: number | ((step: number) => number) = 0.03) => {
  const model = tinyNet()
  const trainer = new Trainer({
    model,
    optimizer: adam({ learningRate }),
    data: { train: trainLoader(), validation: evaluationLoader() },
    step: ({ image, label }, { model }) => {
      const logits = model.forward(image)
      return {
        loss: crossEntropy(logits, label),
        metrics: { accuracy: accuracy(logits, label), confusion: confusionMatrix(logits, label) },
      }
    },
    monitor: 'accuracy',
    callbacks,
  })
  return { model, trainer }
}
/** Without validation. */
const trainOnly = () => ({ train: trainLoader() })

/** Writes down what happens, as `step 1`, `validation 5`, …, and whatever `also` wants. */
function recorder(also: Callback = {}) {
  const events: string[] = []
  const callback: Callback = {
    ...also,
    onStart: async (event, control) => {
      events.push(`start ${event.startStep}/${event.totalSteps}`)
      await also.onStart?.(event, control)
    },
    onStep: async (event, control) => {
      events.push(`step ${event.step}`)
      await also.onStep?.(event, control)
    },
    onValidation: async (event, control) => {
      events.push(`validation ${event.step}`)
      await also.onValidation?.(event, control)
    },
    onEpoch: async (event, control) => {
      events.push(`epoch ${event.epoch} after ${event.step}`)
      await also.onEpoch?.(event, control)
    },
    onEnd: async (event, control) => {
      events.push(`end ${event.reason} ${event.step}`)
      await also.onEnd?.(event, control)
    },
  }
  return { events, callback }
}

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

describe('what is monitored', () => {
  const measured = (better?: 'higher' | 'lower') => {
    const model = tinyNet()
    return new Trainer({
      model,
      optimizer: sgd(),
      data: { train: trainLoader(), validation: evaluationLoader() },
      step: (batch, context) => {
        const logits = context.model.forward(batch.image)
        return {
          ...classify(batch, context),
          metrics: {
            each: confusionMatrix(logits, batch.label),
            mean: average(logits, better === undefined ? {} : { better }),
          },
        }
      },
      monitor: 'mean',
    })
  }

  test('is told with each validation, with its direction', async () => {
    const { history } = await measured('lower').fit({ epochs: 1 })
    const [{ validation, monitored } = expect.fail()] = history.validations
    expect(monitored).toEqual({ name: 'mean', value: validation['mean'], better: 'lower' })
  })

  test('is the loss by default', async () => {
    const model = tinyNet()
    const data = { train: trainLoader(), validation: evaluationLoader() }
    const { history } = await new Trainer({ model, optimizer: sgd(), data, step: classify }).fit({ epochs: 1 })
    const [{ validation, monitored } = expect.fail()] = history.validations
    expect(monitored).toEqual({ name: 'loss', value: validation.loss, better: 'lower' })
  })

  test('must say which way is better, and be a number that is there', async () => {
    await expect(measured().fit({ epochs: 1 })).rejects.toThrow("the metric 'mean' does not say which way is better")
    const model = tinyNet()
    const data = { train: trainLoader(), validation: evaluationLoader() }
    const monitoring = (monitor: string) =>
      new Trainer({
        model,
        optimizer: sgd(),
        data,
        step: (batch, context) => ({
          ...classify(batch, context),
          metrics: { each: confusionMatrix(context.model.forward(batch.image), batch.label) },
        }),
        monitor: monitor as 'loss',
      }).fit({ epochs: 1 })
    const before = memory().numTensors
    await expect(monitoring('each')).rejects.toThrow("expected to monitor a number, and 'each' is none")
    await expect(monitoring('accurcy')).rejects.toThrow(
      "the validation has no score 'accurcy' to monitor. Its scores are loss, each.",
    )
    expect(memory().numTensors).toBe(before)
  })
})

describe('a run that diverges', () => {
  test('names the step and the learning rate, and calls onEnd first', async () => {
    const { events, callback } = recorder()
    const { model, trainer } = create([callback], (step) => (step < 3 ? 0.01 : 1e30))
    const before = memory().numTensors
    const error = await trainer.fit({ data: trainOnly(), epochs: 9 }).catch((error) => error)
    expect(error).toBeInstanceOf(DivergedError)
    expect(error).toMatchObject({ step: 5, learningRate: 1e30, layer: 'output' })
    expect(error.message).toBe(
      "Training diverged at step 5: the loss is NaN, and before it the output of layer 'output' (learning rate 1e+30). Lower the learning rate or clip the gradients.",
    )
    expect(events).toEqual(['start 0/45', 'step 1', 'step 2', 'step 3', 'step 4', 'end diverged 5'])
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })

  /** Trains on a loader whose third batch, or the weights before it, are changed. */
  async function spoil(options: { pixel?: number; weight?: number; lag?: number; accumulate?: number }) {
    const model = tinyNet()
    const source = trainLoader()
    async function* batches() {
      let count = 0
      for await (const batch of source) {
        const { weight } = options
        if (++count === 3 && weight !== undefined) {
          model.hidden.weight.assign(tidy(() => mul(ones(model.hidden.weight.shape), weight)))
        }
        if (count !== 3 || options.pixel === undefined) yield batch
        else {
          const image = tidy(() => mul(batch.image, options.pixel as number))
          batch.image.dispose()
          yield { ...batch, image }
        }
      }
    }
    const spoiled: Loader<LabelledImages> = { ...source, [Symbol.asyncIterator]: batches }
    const { lag = 2, accumulate = 1 } = options
    const trainer = new Trainer({ model, optimizer: adam(), data: { train: spoiled }, step: classify, accumulate })
    const before = memory().numTensors
    const error: DivergedError = await trainer.fit({ epochs: 2, lag }).then(
      () => undefined as never,
      (error) => error,
    )
    expect(memory().numTensors).toBe(before)
    model.dispose()
    return error
  }

  test.each([0, 2])('names what was not finite first, with a lag of %i', async (lag) => {
    const nan = await spoil({ pixel: Number.NaN, lag })
    expect(nan.message).toContain("step 3: the loss is NaN, and before it the batch's 'image', as the loader gave it")
    const large = await spoil({ weight: 3e38, lag })
    expect(large).toMatchObject({ step: 3, layer: 'hidden' })
    const weights = await spoil({ weight: Number.POSITIVE_INFINITY, lag })
    expect(weights).toMatchObject({ step: 3, layer: 'hidden' })
    expect(weights.message).toContain("the weights 'hidden.weight', since the update before")
  })

  test('finds it in the batch of an accumulated step', async () => {
    expect(await spoil({ weight: 3e38, accumulate: 2 })).toMatchObject({ step: 2, layer: 'hidden' })
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
      const image = random.uniform(random.key(label), [2, 4, 4, 1]) as Tensor
      yield { image, class: tensor([label, label], [2], 'int32') as Tensor, reconstruction: reshape(image, [2, 16]) }
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

describe('a resumed run', () => {
  /** Trains to `steps`, taking a snapshot at each given step; returns what it saw. */
  async function train(options: { steps: number; snapshotAt?: number; resume?: Snapshot; stopAt?: number }) {
    const { events, callback } = recorder({
      needsState: (step) => step === options.snapshotAt,
      onStep: async ({ step }, control) => {
        if (step !== options.snapshotAt) return
        // Through JSON and back, as a file would.
        const snapshot = await control.snapshot()
        taken = { ...snapshot, ...JSON.parse(JSON.stringify({ loader: snapshot.loader, running: snapshot.running })) }
        control.stop()
      },
      onEnd: async (_, control) => {
        final = await control.snapshot()
      },
    })
    let taken: Snapshot | undefined
    let final: Snapshot | undefined
    const { model, trainer } = create([callback], (step) => 0.05 / (1 + step))
    const { history } = await trainer.fit({
      steps: options.steps,
      validateEvery: 4,
      key: random.key(9),
      ...(options.resume === undefined ? {} : { resume: options.resume }),
    })
    model.dispose()
    const timeless = <T extends object>(event: T) => ({ ...event, seconds: 0, dataSeconds: 0 })
    return {
      events,
      taken: taken as unknown as Snapshot,
      final: final as unknown as Snapshot,
      history: {
        steps: history.steps.map(timeless),
        validations: history.validations.map(timeless),
        epochs: history.epochs.map(timeless),
      },
    }
  }

  // An epoch has five steps, a validation comes every four: inside an epoch, before a validation, at an epoch's end.
  test.each([1, 3, 4, 5, 8, 10, 12])('after step %i is the unbroken run, bit for bit', async (step) => {
    const whole = await train({ steps: 12 })
    const first = await train({ steps: 12, snapshotAt: step })
    const second = await train({ steps: 12, resume: first.taken })
    expect(first.history.steps).toHaveLength(step)
    expect(second.final).toEqual(whole.final)
    expect([...first.history.steps, ...second.history.steps]).toEqual(whole.history.steps)
    expect([...first.history.validations, ...second.history.validations]).toEqual(whole.history.validations)
    expect([...first.history.epochs, ...second.history.epochs]).toEqual(whole.history.epochs)
  })

  test('goes on with its own key, and refuses another', async () => {
    const { taken } = await train({ steps: 12, snapshotAt: 4 })
    expect(taken.key).toEqual({ high: 0, low: 9 })
    const { model, trainer } = create()
    const other = trainer.fit({ steps: 12, resume: taken, key: random.key(10) })
    await expect(other).rejects.toThrow('started with another key')
    model.dispose()
  })

  test('refuses the state of another optimizer', async () => {
    const { taken } = await train({ steps: 12, snapshotAt: 4 })
    const model = tinyNet()
    const optimizer = sgd({ momentum: 0.9 })
    const trainer = new Trainer({ model, optimizer, data: trainOnly(), step: classify })
    await expect(trainer.fit({ steps: 12, resume: taken })).rejects.toThrow(
      'resume: the saved state does not fit this optimizer: missing momentum.velocity.hidden.weight',
    )
    model.dispose()
  })
})
