import { builtIn, type Config, resolveConfig, savedSettings, settingCatalog } from '@ddnet/experiment'
import type { Json } from '@ddnet/trainer'
import { expect, test } from 'vitest'
import { readArguments } from '../apps/cli/src/config/read-entries.ts'
import { recordOf } from '../apps/cli/src/run/run-record.ts'
import { recipeOf, settingsOf } from '../apps/studio/src/run-folder.ts'

// What a run of the page says of itself is what `ddnet train` reads, and the reverse.

const settings = settingCatalog(builtIn)
const configOf = (...words: string[]): Config =>
  resolveConfig([readArguments(['preset=quick', ...words], settings)], 'quick', settings).config
const data = { classNames: ['cat', 'dog'], trainImages: 90, validationImages: 10, testImages: 20 }
const none = { length: 0, get: () => Promise.reject(new Error('not looked at')) }
const images = {
  train: { ...none, length: 90 },
  validation: { ...none, length: 10 },
  testImages: 20,
  classNames: ['cat', 'dog'],
}
const recordFor = (config: Config): Json => recordOf(config, data, { name: 'wasm', device: 'cpu' })

const recipe = { steps: 10, batchSize: 8, seed: 7, validationImages: 20, validateEvery: 5 }

test('the page saves every setting of ddnet train, with the values that it trains with', () => {
  const saved = savedSettings({ format: 1, ...settingsOf(recipe) }, 'the page', settings)
  const words = ['steps=10', 'batchSize=8', 'seed=7', 'validation.images=20']
  expect(saved.config).toEqual(configOf(...words, 'validation.every=5', 'checkpoint.every=5'))
})

test('the page goes on with a run of ddnet train that it can train, and keeps its settings', () => {
  const config = configOf(
    'steps=10',
    'batchSize=8',
    'seed=7',
    'validation.every=5',
    'validation.images=20',
    'name=mine',
  )
  const opened = recipeOf(recordFor(config), images)
  expect(opened).toEqual({ ...recipe, settings: config })
  expect(settingsOf(opened)).toEqual(config)
  expect(recipeOf(recordFor(configOf('epochs=2', 'validation.every=epoch')), images)).toMatchObject({
    steps: 4,
    validateEvery: 2,
  })
})

test.each([
  'data.crop=2',
  'data.flip=false',
  'data.validation=0.2',
  'data.mean=0.5',
  'data.std=[0.2,0.2,0.3]',
  'data.size=64',
  'model.channels=[8]',
  'model.normalization=none',
  'model=article',
  'task.labelSmoothing=0.1',
  'optimizer.learningRate=0.01',
  'optimizer.beta1=0.8',
  'optimizer.beta2=0.9',
  'optimizer.eps=0.001',
  'optimizer.weightDecay=0.1',
  'optimizer=sgd',
  'optimizer=adamW',
  'schedule=cosine',
  'schedule.pctStart=0.2',
  'schedule.divFactor=5',
  'schedule.finalDivFactor=5',
  'ema.decay=0.9',
  'clipNorm=1',
  'accumulate=2',
  'earlyStopping.patience=3',
  'maxSeconds=60',
])('the page refuses a run with %s, and names it', (word) => {
  const path = word.slice(0, word.indexOf('='))
  const group = path.slice(0, path.indexOf('.') + 1)
  expect(() => recipeOf(recordFor(configOf(word)), images)).toThrow(
    new RegExp(`^(${path}|${group}\\w+) is .*, and the page (trains with .* only|has no such setting)\\.$`),
  )
})

test('a setting that is missing is an error, and so are other data and another format', () => {
  const record = recordFor(configOf()) as { settings: Record<string, Json>; data: Record<string, Json> }
  const { clipNorm: _, ...without } = record.settings
  expect(() => recipeOf({ ...record, settings: without }, images)).toThrow('does not say what clipNorm is')
  expect(() => recipeOf({ ...record, settings: { ...record.settings, mixup: 0.5 } }, images)).toThrow(
    'mixup is 0.5, and the page has no such setting.',
  )
  expect(() => recipeOf({ ...record, format: 2 }, images)).toThrow('does not say in format 1')
  expect(() => recipeOf(null, images)).toThrow('does not say in format 1')
  expect(() => recipeOf({ ...record, data: { ...record.data, trainImages: 80 } }, images)).toThrow(
    'the run was trained on 80 + 10 + 20 images of 2 classes (cat, dog …), and the page has 90 + 10 + 20',
  )
})
