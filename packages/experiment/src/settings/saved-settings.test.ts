import { ConvNet } from '@ddnet/models'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { builtIn } from '../built-in/registry.ts'
import { defineModel } from '../definitions.ts'
import { flatSettings } from './config.ts'
import { savedSettings, settingsFormat } from './saved-settings.ts'
import { belowOne, count, setting } from './setting.ts'
import { settingCatalog } from './setting-catalog.ts'

const catalog = settingCatalog(builtIn)

/** As `ddnet train cifar10 preset=quick` wrote it before settings were flat. */
const format1 = {
  format: 1,
  ...{ preset: 'quick', name: null, backend: 'auto', size: 32, clipNorm: null, batchSize: 64, accumulate: 1 },
  data: { name: 'cifar10', directory: null, validation: 0.1, flip: true, crop: 0, mean: 0.4734, std: 0.2516 },
  model: { name: 'ddnet', channels: [32, 64, 128], normalization: 'batch' },
  loss: { labelSmoothing: 0.1 },
  optimizer: { name: 'adam', learningRate: 0.004, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 },
  schedule: { name: 'oneCycle', pctStart: 0.3, divFactor: 25, finalDivFactor: 10_000 },
  average: { decay: 0.9 },
  ...{ epochs: null, steps: 300, seed: 42, maxSeconds: null, runs: 'runs' },
  validation: { every: 50, images: 1000 },
  earlyStopping: { patience: null, score: 'accuracy', minChange: 0 },
  checkpoint: { every: 50, keep: 3 },
}

test('a run of format 1 has the same settings under the names of today', () => {
  const { config } = savedSettings(format1, 'the run', catalog)
  expect(flatSettings(config)).toMatchObject({
    task: 'classification',
    'task.labelSmoothing': 0.1,
    data: 'cifar10',
    'data.size': 32,
    model: 'ddnet',
    'model.channels': [32, 64, 128],
    optimizer: 'adam',
    'optimizer.learningRate': 0.004,
    schedule: 'oneCycle',
    'ema.decay': 0.9,
    monitor: null,
    steps: 300,
    'validation.every': 50,
  })
})

test('so has one of the article, and one with early stopping', () => {
  const { config } = savedSettings(
    {
      ...format1,
      preset: 'seed',
      model: { name: 'seed' },
      earlyStopping: { patience: 3, score: 'loss', minChange: 0.1 },
    },
    'the run',
    catalog,
  )
  expect(config.model.name).toBe('article')
  expect(config.preset).toBe('article')
  expect(config.earlyStopping).toEqual({ patience: 3, minDelta: 0.1 })
  expect(config.monitor).toBe('loss')
})

test('what is written is read again, and nothing is filled in', () => {
  const { config } = savedSettings(format1, 'the run', catalog)
  const written = { format: settingsFormat, ...flatSettings(config) }
  expect(savedSettings(written, 'the run', catalog).config).toEqual(config)
  const older = [...catalog.byPath.values()].flatMap((each) => ('before' in each ? [each.path] : []))
  for (const path of Object.keys(written).filter((path) => !older.includes(path))) {
    const { [path]: _, ...rest } = written as Record<string, unknown>
    expect(() => savedSettings(rest, 'the run', catalog), path).toThrow(/^the run is not whole: it lacks /)
  }
})

test('a run from before there were weights from elsewhere drew its own, and trained all at one rate', () => {
  expect(savedSettings(format1, 'the run', catalog).config).toMatchObject({
    ...{ weights: null, weightsExcept: null, freeze: null, frozenNorms: 'update', headFirst: 0, rates: null },
  })
})

test('names, and factors by name, stay what they are', () => {
  const { config } = savedSettings(format1, 'the run', catalog)
  const given = { freeze: ['encoder.0', '*.bias'], rates: { '*': 0.1, heads: 1 } }
  const written = { format: settingsFormat, ...flatSettings(config), ...given }
  const read = savedSettings(written, 'the run', catalog).config
  expect(read).toMatchObject(given)
  expect(flatSettings(read)).toMatchObject(given)
})

test.each([
  [{ ...format1, format: 3 }, 'format: 3 (the run): this version of ddnet reads formats 1 and 2.'],
  [
    { ...format1, steps: null },
    'the run does not say how long the run is: expected epochs or steps, got null for both.',
  ],
  [{ ...format1, mixup: 0.5 }, "'mixup: 0.5' is not a valid setting (the run)."],
  ['nothing', "the run: expected settings as key: value, got 'nothing'."],
])('%o is refused', (content, message) => {
  expect(() => savedSettings(content, 'the run', catalog)).toThrow(message)
})

/** A model of one's own, as it was and with what was added to it. */
const modelWith = (added: Record<string, z.ZodType>) =>
  defineModel({
    name: 'mine',
    tasks: ['classification'],
    options: z.strictObject({ width: count(8, 'Channels'), ...added }),
    create: (_, { outputs }) => new ConvNet({ classes: outputs }),
  })
const catalogWith = (added: Record<string, z.ZodType>) => settingCatalog([...builtIn, modelWith(added)])

test('a setting that came later is in runs before it what its definition says, whatever its default', () => {
  const former = catalogWith({})
  const { config } = savedSettings({ ...format1, model: { name: 'mine', width: 4 } }, 'the run', former)
  const written = { format: settingsFormat, ...flatSettings(config) }
  expect(written).not.toHaveProperty('model.dropout')

  const now = catalogWith({ dropout: belowOne(0.5, 'Share that is left out', { before: 0 }) })
  const { entries, config: read } = savedSettings(written, 'the run', now)
  expect(read.model.options).toEqual({ width: 4, dropout: 0 })
  expect(entries.find(({ path }) => path === 'model.dropout')).toMatchObject({ value: 0, place: 'the run' })
  // From now on it is written, and what is written counts.
  const again = { format: settingsFormat, ...flatSettings(read) }
  expect(again).toMatchObject({ 'model.dropout': 0 })
  expect(savedSettings({ ...again, 'model.dropout': 0.25 }, 'the run', now).config.model.options['dropout']).toBe(0.25)

  const silent = catalogWith({ dropout: belowOne(0.5, 'Share that is left out') })
  expect(() => savedSettings(written, 'the run', silent)).toThrow('the run is not whole: it lacks model.dropout.')
})

test('what runs had before is a value that the setting takes', () => {
  expect(() => setting(z.int().positive(), 'a whole number above 0', 3, 'Blocks', { before: 0 })).toThrow(
    "setting: expected before to be a whole number above 0, as 'Blocks' takes it, got 0.",
  )
})

test.each(['constant', 'cosine', 'stepDecay'])(
  'a run of the schedule %s from before it could warm up did not',
  (schedule) => {
    const options = { constant: {}, cosine: { minimum: 0 }, stepDecay: { every: 100, factor: 0.1 } }[schedule]
    const { config } = savedSettings({ ...format1, schedule: { name: schedule, ...options } }, 'the run', catalog)
    expect(config.schedule.options).toEqual({ ...options, warmUp: 0 })
  },
)
