import { expect, test } from 'vitest'
import { builtIn } from '../built-in/registry.ts'
import { flatSettings } from './config.ts'
import { savedSettings, settingsFormat } from './saved-settings.ts'
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
  for (const path of Object.keys(written)) {
    const { [path]: _, ...rest } = written as Record<string, unknown>
    expect(() => savedSettings(rest, 'the run', catalog), path).toThrow(/^the run is not whole: it lacks /)
  }
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
