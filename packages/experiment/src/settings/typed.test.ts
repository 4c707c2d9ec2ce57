import { expect, expectTypeOf, test } from 'vitest'
import { builtIn } from '../built-in/registry.ts'
import { entriesOf } from './entries.ts'
import { settingCatalog } from './setting-catalog.ts'
import type { Settings } from './typed.ts'

const catalog = settingCatalog(builtIn)

test('the type of settings has the names and options of what comes with DDNet', () => {
  const settings = {
    task: 'classification',
    'task.labelSmoothing': 0.1,
    data: 'folder',
    'data.directory': './photos',
    'data.onError': 'skip',
    model: 'convnet',
    'model.channels': [8, 16],
    'model.normalization': 'none',
    optimizer: 'sgd',
    'optimizer.momentum': 0.9,
    schedule: 'stepDecay',
    'ema.decay': 0.99,
    seed: 1,
  } satisfies Settings
  expect(entriesOf(settings, 'test', catalog).map(({ path }) => path)).toEqual(Object.keys(settings))
  expectTypeOf<'./my-model.ts'>().toExtend<Settings['model']>()
  expectTypeOf<Settings['optimizer.beta1']>().toEqualTypeOf<number | undefined>()
})

test('and no others', () => {
  const refused: Settings[] = [
    // @ts-expect-error: there is no model of this name
    { model: 'resnet' },
    // @ts-expect-error: no optimizer has this option
    { 'optimizer.speed': 1 },
    // @ts-expect-error: channels are numbers
    { 'model.channels': ['8'] },
    // @ts-expect-error: an optimizer of one's own is not read from a file
    { optimizer: './mine.ts' },
  ]
  for (const settings of refused.slice(1, 3)) expect(() => entriesOf(settings, 'test', catalog)).toThrow('(test)')
})
