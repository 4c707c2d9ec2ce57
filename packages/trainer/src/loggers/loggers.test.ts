import { execFileSync, spawnSync } from 'node:child_process'
import { constants, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { loader } from '@ddnet/datasets'
import { readTensorBoardRecords } from '@ddnet/formats'
import { crossEntropy } from '@ddnet/losses'
import { accuracy, confusionMatrix, formatPercent } from '@ddnet/metrics'
import { mul, random } from '@ddnet/ops'
import { adam } from '@ddnet/optimizers'
import { defined, itemAt, useBackend } from '@ddnet/testing'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { folders } from '../../test/folder.ts'
import { brightRows, type TinyNet, tinyNet } from '../../test/tiny.ts'
import {
  type Callback,
  type Control,
  csv,
  DivergedError,
  jsonl,
  type Phase,
  progress,
  type Snapshot,
  Trainer,
  tensorBoard,
} from '../index.ts'

beforeAll(() => useBackend('cpu'))
afterEach(() => vi.restoreAllMocks())
const newFolder = folders()
const png = readFileSync(new URL('../../../formats/fixtures/reference-tensorboard.png', import.meta.url))

interface RunOptions {
  readonly resume?: Snapshot
  /** Take a snapshot where a checkpoint would, after this phase of this step … */
  readonly at?: { readonly step: number; readonly phase: Phase }
  /** … and let the process die there instead of going on. */
  readonly dies?: boolean
  readonly validates?: boolean
}

/** 12 steps in epochs of 5, a validation after every fourth step and the last. */
async function run(logger: (model: TinyNet) => Callback, options: RunOptions = {}): Promise<Snapshot | undefined> {
  const { at, dies = false, resume, validates = true } = options
  let taken: Snapshot | undefined
  const checkpoint: Callback['onStep'] = async ({ step }, control) => {
    if (step !== at?.step) return
    taken = await control.snapshot()
    if (dies) throw new Error('killed')
  }
  const when = { step: 'onStep', validation: 'onValidation', epoch: 'onEpoch' } as const
  const model = tinyNet()
  const trainer = new Trainer({
    model,
    optimizer: adam({ learningRate: 0.03 }),
    data: {
      train: loader(brightRows(40), { batchSize: 8, shuffle: true, key: random.key(5) }),
      ...(validates && { validation: loader(brightRows(20, 2), { batchSize: 8 }) }),
    },
    step: ({ image, label }, { model }) => {
      const logits = model.forward(image)
      return {
        loss: crossEntropy(logits, label),
        metrics: { accuracy: accuracy(logits, label), confusion: confusionMatrix(logits, label) },
      }
    },
    callbacks: [
      logger(model),
      at === undefined ? {} : { needsState: (step) => step === at.step, [when[at.phase]]: checkpoint },
    ],
  })
  const fit = trainer.fit({ steps: 12, validateEvery: 4, ...(resume !== undefined && { resume }) })
  if (dies) await expect(fit).rejects.toThrow('killed')
  else await fit
  model.dispose()
  return taken
}

/** From now on nothing can be opened for writing. */
function failWrites(error: Error): void {
  const open = fs.open
  vi.spyOn(fs, 'open').mockImplementation(async (file, flags, mode) => {
    const reads = typeof flags === 'number' ? (flags & (constants.O_WRONLY | constants.O_RDWR)) === 0 : flags === 'r'
    if (!reads) throw error
    return open(file, flags, mode)
  })
}

/** Moments after which a checkpoint can be: inside an epoch, with a validation owed and done, at an epoch's end. */
const moments: { step: number; phase: Phase }[] = [
  { step: 3, phase: 'step' },
  { step: 4, phase: 'step' },
  { step: 4, phase: 'validation' },
  { step: 5, phase: 'step' },
  { step: 5, phase: 'epoch' },
  { step: 8, phase: 'validation' },
]
const breaks = moments.flatMap((moment) => [
  { ...moment, dies: true },
  { ...moment, dies: false }, // and went on: the log is ahead of the checkpoint
])

describe('jsonl', () => {
  const read = (file: string) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => ({ ...JSON.parse(line), seconds: 0, dataSeconds: 0 }))

  test('a line for every other step, each validation and each epoch', async () => {
    const file = path.join(newFolder(), 'run', 'metrics.jsonl')
    await run(() => jsonl({ to: file, every: 2 }))
    const lines = read(file)
    expect(lines.map(({ event, step }) => `${event} ${step}`)).toEqual([
      ...['step 2', 'step 4', 'validation 4', 'epoch 5', 'step 6', 'step 8', 'validation 8', 'step 10', 'epoch 10'],
      ...['step 12', 'validation 12'],
    ])
    expect(lines[0]).toMatchObject({ epoch: 1, batchSize: 8, learningRate: 0.03, loss: expect.any(Number) })
    expect(lines[2]).toMatchObject({
      train: { accuracy: expect.any(Number) },
      validation: { confusion: expect.any(Array) },
    })
  })

  let whole: unknown
  beforeAll(async () => {
    const file = path.join(newFolder(), 'whole.jsonl')
    await run(() => jsonl({ to: file, every: 1 }))
    whole = read(file)
  })

  test.each(breaks)(
    'a run that broke after the $phase of step $step (dies: $dies) has the lines of a whole one',
    async ({ dies, ...at }) => {
      const broken = path.join(newFolder(), 'a.jsonl')
      const resume = defined(await run(() => jsonl({ to: broken, every: 1 }), { at, dies }))
      await fs.appendFile(broken, '{"event":"step","st')
      await run(() => jsonl({ to: broken, every: 1 }), { resume })
      expect(read(broken)).toEqual(whole)
    },
  )

  test('a run from step 0 begins the file anew', async () => {
    const file = path.join(newFolder(), 'a.jsonl')
    for (let times = 0; times < 2; times++) await run(() => jsonl({ to: file, every: 6 }))
    expect(read(file)).toHaveLength(2 + 3 + 2)
  })

  test('a function gets each line', async () => {
    const lines: string[] = []
    await run(() => jsonl({ to: (line) => void lines.push(line), every: 6 }))
    expect(lines.map((line) => JSON.parse(line).event)).toEqual([
      'validation',
      'epoch',
      'step',
      'validation',
      'epoch',
      'step',
      'validation',
    ])
    expect(lines.every((line) => line.endsWith('}\n'))).toBe(true)
  })

  test('a full disk and a foreign line are named', async () => {
    const file = path.join(newFolder(), 'a.jsonl')
    const resume = defined(await run(() => jsonl({ to: file }), { at: { step: 3, phase: 'step' } }))
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    failWrites(full)
    await expect(run(() => jsonl({ to: file, every: 1 }), { resume })).rejects.toMatchObject({
      name: 'LogError',
      message: `log: could not write ${file}: ENOSPC: no space left on device, write. Free some space or fix the disk.`,
      cause: full,
    })
    vi.restoreAllMocks()
    await fs.writeFile(file, 'step,epoch\n')
    await expect(run(() => jsonl({ to: file }), { resume })).rejects.toThrow(
      `log: line 1 of ${file} is not of this log: "step,epoch". Remove it, or log to another file.`,
    )
  })

  test.each([0, 0.5])('refuses every: %s', (every) => {
    expect(() => jsonl({ to: 'a', every })).toThrow(
      `expected every to be a whole number of steps, at least 1, got ${every}`,
    )
  })
})

describe('csv', () => {
  const read = (file: string) => readFileSync(file, 'utf8')
  const header = 'step,epoch,train/loss,train/accuracy,validation/loss,validation/accuracy'

  test('a row for each validation, and for each epoch without one', async () => {
    const file = path.join(newFolder(), 'run', 'metrics.csv')
    await run(() => csv({ to: file }))
    const [first, ...rows] = read(file).trimEnd().split('\n')
    expect(first).toBe(header)
    expect(rows.map((row) => row.split(',').slice(0, 2).join())).toEqual(['4,1', '5,1', '8,2', '10,2', '12,3'])
    expect(rows[0]).toMatch(/^4,1,\d\.\d+,0\.\d+,\d\.\d+,0\.\d+$/)
    expect(rows[1]).toMatch(/^5,1,\d\.\d+,0\.\d+,,$/)
  })

  test('of a run without validation, a row for each epoch', async () => {
    let table = ''
    const to = (text: string) => {
      table = text
    }
    await run(() => csv({ to }), { validates: false })
    expect(table.split('\n').map((row) => row.split(',').slice(0, 2).join())).toEqual(['step,epoch', '5,1', '10,2', ''])
  })

  let whole: string
  beforeAll(async () => {
    const file = path.join(newFolder(), 'whole.csv')
    await run(() => csv({ to: file }))
    whole = read(file)
  })

  test.each(breaks)(
    'a run that broke after the $phase of step $step (dies: $dies) has the table of a whole one',
    async ({ dies, ...at }) => {
      const broken = path.join(newFolder(), 'a.csv')
      const resume = defined(await run(() => csv({ to: broken }), { at, dies }))
      await run(() => csv({ to: broken }), { resume })
      expect(read(broken)).toBe(whole)
    },
  )

  test('a full disk and a foreign table are named', async () => {
    const file = path.join(newFolder(), 'a.csv')
    const resume = defined(await run(() => csv({ to: file }), { at: { step: 3, phase: 'step' } }))
    const before = read(file)
    failWrites(new Error('ENOSPC: no space left on device, open'))
    await expect(run(() => csv({ to: file }), { resume })).rejects.toThrow(`log: could not write ${file}: ENOSPC`)
    vi.restoreAllMocks()
    expect(read(file)).toBe(before)
    await fs.writeFile(file, 'a,b\n1,2\n')
    await expect(run(() => csv({ to: file }), { resume })).rejects.toThrow('begin with step,epoch, got a,b.')
  })
})

describe('tensorBoard', () => {
  /** What the files of a folder tell, in their order: step and tags. */
  const read = (folder: string) =>
    readdirSync(folder)
      .sort()
      .flatMap((name) => readTensorBoardRecords(readFileSync(path.join(folder, name))))
      .filter(({ tags }) => tags.length > 0)
      .map(({ step, tags }) => `${step} ${tags.join(' ')}`)

  test('losses, scores, weights and pictures have their tags', async () => {
    const folder = path.join(newFolder(), 'run')
    await run((model) =>
      tensorBoard({
        to: folder,
        every: 6,
        histograms: { model },
        images: ({ step }) => (step === 8 ? { predictions: png } : {}),
      }),
    )
    const weights = [
      'hidden.weight',
      'hidden.bias',
      'norm.weight',
      'norm.bias',
      'norm.running_mean',
      'norm.running_var',
    ]
    const tags = [...weights, 'output.weight', 'output.bias'].map((name) => `weights/${name}`).join(' ')
    const validation = 'train/accuracy validation/loss validation/accuracy'
    expect(read(folder)).toEqual([
      `4 ${validation}`,
      `5 train/accuracy ${tags}`,
      '6 train/loss learning_rate',
      `8 ${validation} predictions`,
      `10 train/accuracy ${tags}`,
      '12 train/loss learning_rate',
      `12 ${validation}`,
    ])
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^events\.out\.tfevents\.\d{10}\.ddnet\.0$/)])
  })

  const logger = (to: string) => (model: TinyNet) => tensorBoard({ to, every: 1, histograms: { model, every: 3 } })
  let whole: string[]
  beforeAll(async () => {
    const folder = newFolder()
    await run(logger(folder))
    whole = read(folder)
  })

  test.each(breaks)(
    'a run that broke after the $phase of step $step (dies: $dies) tells what a whole one does',
    async ({ dies, ...at }) => {
      const broken = newFolder()
      const resume = defined(await run(logger(broken), { at, dies }))
      await fs.appendFile(path.join(broken, itemAt(readdirSync(broken), 0)), Uint8Array.of(20, 0, 0))
      await run(logger(broken), { resume })
      expect(read(broken)).toEqual(whole)
      expect(readdirSync(broken)).toHaveLength(2)
    },
  )

  test('a function gets the file, and the files of others are left alone', async () => {
    const folder = newFolder()
    await fs.writeFile(path.join(folder, 'events.out.tfevents.1.host'), 'not ours')
    await run(() => tensorBoard({ to: folder }))
    expect(readFileSync(path.join(folder, 'events.out.tfevents.1.host'), 'utf8')).toBe('not ours')
    const parts: Uint8Array[] = []
    await run(() => tensorBoard({ to: (bytes) => void parts.push(bytes), every: 12 }))
    expect(readTensorBoardRecords(Buffer.concat(parts)).map(({ step }) => step)).toEqual([0, 4, 5, 8, 10, 12, 12])
  })

  test('a full disk is named', async () => {
    const folder = newFolder()
    failWrites(new Error('ENOSPC: no space left on device, write'))
    await expect(run(() => tensorBoard({ to: folder }))).rejects.toThrow(
      /^log: could not write .*\/events\.out\..*: ENOSPC/,
    )
  })

  test('weights that are not finite at the end of an epoch are a divergence', async () => {
    const logged = run((model) => ({
      ...tensorBoard({ to: newFolder(), histograms: { model } }),
      needsState(step) {
        if (step === 5) model.output.weight.assign(mul(model.output.weight.value, Number.NaN))
        return false
      },
    }))
    await expect(logged).rejects.toThrow(/^Training diverged at step 5: output\.weight is not finite \(learning rate/)
    await expect(logged).rejects.toBeInstanceOf(DivergedError)
  })

  const python = process.env['DDNET_PYTHON'] ?? 'python3'
  const hasTensorBoard = spawnSync(python, ['-c', 'import tensorboard']).status === 0
  const reason = hasTensorBoard ? '' : ` (${python} has no tensorboard: give one that has as DDNET_PYTHON)`

  test.skipIf(!hasTensorBoard)(`TensorBoard's own reader finds what was told, across a resume${reason}`, async () => {
    const folder = newFolder()
    const losses: [number, number][] = []
    const scores: [number, number][] = []
    const logger = (model: TinyNet): Callback => ({
      ...tensorBoard({ to: folder, every: 1, histograms: { model }, images: () => ({ predictions: png }) }),
    })
    const watched = (model: TinyNet): Callback => {
      const callback = logger(model) as Required<Callback>
      return {
        ...callback,
        onStep: async (event, control) => {
          losses[event.step - 1] = [event.step, Math.fround(event.loss)]
          await callback.onStep(event, control)
        },
        onValidation: async (event, control) => {
          scores[event.step / 4 - 1] = [event.step, Math.fround(event.validation['accuracy'] as number)]
          await callback.onValidation(event, control)
        },
      }
    }
    const resume = defined(await run(watched, { at: { step: 5, phase: 'step' } }))
    await run(watched, { resume })
    const script = new URL('../../../formats/fixtures/make_tensorboard.py', import.meta.url).pathname
    const found = JSON.parse(
      execFileSync(python, [script, folder], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    )
    expect(found.scalars['train/loss']).toEqual(losses)
    expect(found.scalars['validation/accuracy']).toEqual(scores)
    expect(found.scalars.learning_rate).toHaveLength(12)
    expect(found.images.predictions.map((image: number[]) => image.slice(0, 3))).toEqual([
      [4, 3, 2],
      [8, 3, 2],
      [12, 3, 2],
    ])
    expect(found.histograms['weights/hidden.weight'].map((each: number[]) => each.slice(0, 2))).toEqual([
      [5, 128],
      [10, 128],
    ])
  })
})

describe('progress', () => {
  const control: Control = {
    stop: () => {},
    snapshot: () => Promise.reject(new Error('not asked for')),
    format: (name, value) => (name === 'loss' ? Number(value).toFixed(3) : formatPercent(Number(value))),
  }
  const start = { totalSteps: 1200, stepsPerEpoch: 400, epochs: 3, startStep: 0 }
  const told = (options: object = {}) => {
    const lines: string[] = []
    return { lines, callback: progress({ ...options, to: (line) => void lines.push(line) }) as Required<Callback> }
  }

  test('tells loss, learning rate, pace, waiting and what is left', () => {
    const { lines, callback } = told({ every: 2 })
    callback.onStart(start, control)
    const step = { epoch: 1, learningRate: 3e-4, batchSize: 64 }
    callback.onStep({ ...step, step: 1, loss: 2.3, seconds: 1, dataSeconds: 0.1 }, control)
    callback.onStep({ ...step, step: 2, loss: 1.92345, seconds: 3, dataSeconds: 0.1 }, control)
    callback.onStep({ ...step, step: 3, loss: 2, seconds: 0.1, dataSeconds: 0 }, control)
    callback.onStep({ ...step, step: 4, loss: 0.5, seconds: 0.1, dataSeconds: 0 }, control)
    expect(lines).toEqual([
      'step    2/1200 | epoch 1/3 | loss 1.923 | learning rate 3.00e-4 | 2.0 s/step | data 5% | 39:56 left',
      'step    4/1200 | epoch 1/3 | loss 0.5000 | learning rate 3.00e-4 | 10.0 steps/s | 2:00 left',
    ])
  })

  test('tells validations, epochs without one, and an end before the last step', () => {
    const { lines, callback } = told()
    callback.onStart(start, control)
    const train = { loss: 1.5, accuracy: 0.25, confusion: [[1]] }
    callback.onValidation(
      {
        step: 400,
        epoch: 1,
        seconds: 1,
        train,
        validation: { loss: 1.25, accuracy: 0.5 },
        monitored: { name: 'loss', value: 1.25, better: 'lower' },
        learningRate: 0.1,
      },
      control,
    )
    callback.onEpoch({ step: 400, epoch: 1, seconds: 1, train }, control)
    callback.onEpoch({ step: 800, epoch: 2, seconds: 1, train }, control)
    callback.onEnd({ reason: 'stopped', step: 900, epoch: 3, message: 'Ctrl-C' }, control)
    expect(lines).toEqual([
      'step  400/1200 | epoch 1/3 | train/loss 1.500, train/accuracy 25.0% | validation/loss 1.250, validation/accuracy 50.0%',
      'step  800/1200 | epoch 2/3 | train/loss 1.500, train/accuracy 25.0%',
      'step  900/1200 | epoch 3/3 | stopped: Ctrl-C',
    ])
  })
})

describe('a log that is not what its checkpoint says', () => {
  const loggers = {
    jsonl: { file: 'a.jsonl', create: jsonl },
    csv: { file: 'a.csv', create: csv },
    tensorBoard: { file: '', create: tensorBoard },
  } as const
  /** Something that only a part of the log is lost of, so that what is left can still be read. */
  const shortened = (file: string, name: string) => {
    const bytes = readFileSync(file)
    const records = name === 'tensorBoard' ? readTensorBoardRecords(bytes).map((record) => record.bytes) : []
    const firstRecords = Buffer.concat(records.slice(0, 2))
    const lines = bytes.toString().split('\n')
    writeFileSync(file, name === 'tensorBoard' ? firstRecords : `${lines.slice(0, 2).join('\n')}\n`)
  }
  const changes: Record<string, (file: string, name: string) => void> = {
    'is shorter': shortened,
    'is empty': (file) => writeFileSync(file, ''),
    'is missing': (file) => rmSync(file),
  }

  test.each(Object.keys(loggers).flatMap((name) => Object.keys(changes).map((change) => [name, change] as const)))(
    '%s that %s is an error, or is told and goes on',
    async (name, change) => {
      const { file, create } = loggers[name as keyof typeof loggers]
      const folder = newFolder()
      const to = path.join(folder, file)
      const logger = (options: object) => () => create({ to, every: 1, ...options })
      const resume = defined(await run(logger({}), { at: { step: 8, phase: 'validation' }, dies: true }))
      const written = file === '' ? path.join(folder, itemAt(readdirSync(folder), 0)) : to
      changes[change]?.(written, name)
      await expect(run(logger({}), { resume })).rejects.toMatchObject({
        name: 'LogError',
        message: expect.stringMatching(
          / is not what it was: it has \d+ of the \d+ entries that the checkpoint knows of\./,
        ),
      })
      const told: string[] = []
      await run(logger({ onMismatch: (message: string) => told.push(message) }), { resume })
      expect(told).toEqual([expect.stringContaining('entries that the checkpoint knows of')])
    },
  )

  test('that is another run’s, with as many lines, is told', async () => {
    const file = path.join(newFolder(), 'a.jsonl')
    const resume = defined(
      await run(() => jsonl({ to: file }), {
        at: { step: 8, phase: 'validation' },
        dies: true,
      }),
    )
    await fs.writeFile(file, readFileSync(file, 'utf8').replace(/"loss":0?\.?\d/, '"loss":7'))
    await expect(run(() => jsonl({ to: file }), { resume })).rejects.toThrow(
      /its first \d+ entries are not those that the checkpoint knows of/,
    )
  })

  test('that is there twice is once again', async () => {
    const file = path.join(newFolder(), 'a.jsonl')
    const resume = defined(
      await run(() => jsonl({ to: file }), {
        at: { step: 8, phase: 'validation' },
        dies: true,
      }),
    )
    const before = readFileSync(file, 'utf8')
    await fs.writeFile(file, before + before)
    await run(() => jsonl({ to: file }), { resume })
    expect(readFileSync(file, 'utf8').startsWith(before)).toBe(true)
    const keys = readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
      .map(({ event, step }) => `${event} ${step}`)
    expect(new Set(keys).size).toBe(keys.length)
  })
})

test('a checkpoint waits until the logs before it are on the disk', async () => {
  const folder = newFolder()
  const events: string[] = []
  const open = fs.open
  vi.spyOn(fs, 'open').mockImplementation(async (file, flags, mode) => {
    const handle = await open(file, flags, mode)
    const sync = handle.sync.bind(handle)
    handle.sync = async () => {
      if (String(file).endsWith('a.jsonl')) events.push('flushed')
      await sync()
    }
    return handle
  })
  await run(
    () => {
      const logger = jsonl({ to: path.join(folder, 'a.jsonl'), every: 1 })
      return {
        ...logger,
        onStep: async (event, control) => {
          await logger.onStep?.(event, control)
          events.push('told')
          if (event.step === 4) {
            await control.snapshot()
            events.push('snapshot')
          }
        },
      }
    },
    { at: { step: 4, phase: 'validation' } },
  )
  const at = events.indexOf('snapshot')
  expect(events.slice(at - 2, at)).toEqual(['told', 'flushed'])
})
