import { builtIn, defineData, entriesOf, resolveConfig, settingCatalog } from '@ddnet/experiment'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { dataWords, fullRecipe } from './data-words.ts'

const mine = {
  ...defineData({ name: './my-data.ts', options: z.strictObject({}), load: () => Promise.reject(new Error('none')) }),
  ownName: 'stripes',
}
const catalog = settingCatalog([...builtIn, mine])
const resolve = (settings: Readonly<Record<string, unknown>>) =>
  resolveConfig([entriesOf(settings, 'test', catalog)], 'ddnet', catalog).config

// How `ddnet train` would name them, and how many epochs the preset has that the data name.
test.each([
  [{ data: 'cifar10' }, 'cifar10', 'epochs=10'],
  [{ data: 'mnist', 'model.channels': [16, 32] }, 'mnist', 'epochs=3'],
  [
    { data: 'folder', 'data.directory': "./Ann's photos" },
    `data=folder data.directory='./Ann'\\''s photos'`,
    'epochs=20',
  ],
  [{ data: './my-data.ts', 'model.channels': [8] }, 'data=./my-data.ts', 'epochs=10'],
])('%j is named %s, and its full recipe %s', (settings, words, recipe) => {
  const quick = resolve({ ...settings, preset: 'quick' })
  expect([dataWords(quick), fullRecipe(quick)]).toEqual([words, recipe])
  expect(fullRecipe(resolve(settings))).toBeUndefined()
  // What is recommended is the recipe that the data name.
  const epochs = Number(recipe.split('=')[1])
  expect(resolve({ ...settings, epochs })).toMatchObject({ preset: resolve(settings).preset, epochs })
})
