import { memoryStorage } from '@ddnet/trainer'
import { beforeEach, expect, test } from 'vitest'
import { builtIn } from '../built-in/registry.ts'
import { entriesOf } from '../settings/entries.ts'
import { resolveConfig } from '../settings/resolve.ts'
import { settingCatalog } from '../settings/setting-catalog.ts'
import { isSame } from './compare.ts'
import { RunFolder } from './run-folder.ts'

const catalog = settingCatalog(builtIn)
const { config } = resolveConfig(
  [entriesOf({ steps: 7, optimizer: 'sgd', 'data.mean': [0.5, 0.4, 0.3] }, 'a test', catalog)],
  'quick',
  catalog,
)
let folder: RunFolder
beforeEach(() => {
  folder = new RunFolder(memoryStorage('runs/a'))
})
const write = (name: string, text: string) => folder.storage.replaceFile(name, new TextEncoder().encode(text))
const text = async (name: string) => new TextDecoder().decode(await folder.storage.readFile(name))

test('the configuration reads back as it was written, with remarks and the schema that editors check it with', async () => {
  await folder.writeConfig(config, {
    remark: (path) => (path === 'steps' ? 'command line' : ''),
    schema: '/schema.json',
  })
  const [first, second, ...others] = (await text('config.yaml')).split('\n')
  expect([first, second]).toEqual(['# yaml-language-server: $schema=/schema.json', 'format: 2'])
  expect(others.find((line) => line.startsWith('steps:'))).toMatch(/^steps: 7 +# command line$/)
  expect((await folder.readSettings(() => catalog))?.config).toEqual(config)
})

test('JSON is read as well: the page of before wrote it', async () => {
  await folder.writeConfig(config)
  const { entries } = (await folder.readSettings(() => catalog)) ?? { entries: [] }
  await write(
    'config.yaml',
    JSON.stringify({ format: 2, ...Object.fromEntries(entries.map(({ path, value }) => [path, value])) }),
  )
  expect((await folder.readSettings(() => catalog))?.config).toEqual(config)
})

test('a folder without settings and checkpoints is no run', async () => {
  expect(await folder.isRun()).toBe(false)
  expect(await folder.readSettings(() => catalog)).toBeUndefined()
  await folder.writeConfig(config)
  expect(await folder.isRun()).toBe(true)
})

test.each([
  ['epochs: [1', /^the run runs\/a cannot be read: runs\/a\/config\.yaml(:\d+)? is not YAML/],
  ['format: 2\nepochs: 1\n', /^the run runs\/a cannot be read: runs\/a\/config\.yaml is not whole: it lacks /],
  ['format: 9\n', /^the run runs\/a cannot be read: format: 9 .* reads formats 1 and 2/],
  ['a: &x 1\nb: *x\n', /aliases \(\*name\) are not understood here/],
])('the configuration %j is refused as the run that it is of', async (content, message) => {
  await write('config.yaml', content)
  await expect(folder.readSettings(() => catalog)).rejects.toThrow(message)
  await expect(folder.readSettings(() => catalog)).rejects.toMatchObject({ name: 'RunError' })
})

test.each(['data.json', 'environment.json'])('%s that is damaged is told with its remedy', async (name) => {
  await write(name, '{"classNames":')
  const read = name === 'data.json' ? folder.readData() : folder.readEnvironment()
  await expect(read).rejects.toThrow(new RegExp(`^runs/a/${name} is damaged: .* Put the right file back, or delete it`))
})

test('what somebody writes down of a page has less than what a command does', async () => {
  await folder.writeJson('environment', { backend: { name: 'webgpu', device: 'a GPU' }, more: 1 })
  expect(await folder.readEnvironment()).toEqual({ backend: { name: 'webgpu', device: 'a GPU' }, more: 1 })
})

test.each([
  [{ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }, true],
  [{ a: 1 }, { a: 1, b: undefined }, false],
  [[1, 2], { 0: 1, 1: 2 }, false],
  [[1, 2], [2, 1], false],
  [Number.NaN, Number.NaN, true],
  [null, {}, false],
  ['1', 1, false],
])('%j and %j are the same: %j', (a, b, same) => {
  expect(isSame(a, b)).toBe(same)
  expect(isSame(b, a)).toBe(same)
})
