import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtIn, resolveConfig, settingCatalog } from '@ddnet/experiment'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readArguments } from '../config/read-entries.ts'
import { createRunFolder, openRun, writeConfig } from './run-folder.ts'

const settings = settingCatalog(builtIn)
let cwd: string
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'ddnet-runs-'))
})
afterEach(() => rm(cwd, { recursive: true }))

test('names count up and nothing is overwritten', async () => {
  const names = []
  for (let run = 0; run < 3; run++) names.push((await createRunFolder(cwd, 'runs', 'a')).path)
  expect(names).toEqual(['runs/a', 'runs/a-2', 'runs/a-3'])
})

test('a gap is not filled twice by runs that start at once', async () => {
  const folders = await Promise.all(Array.from({ length: 8 }, () => createRunFolder(cwd, 'runs', 'a')))
  expect(new Set(folders.map(({ path }) => path)).size).toBe(8)
})

test('a file of the same name is left alone', async () => {
  await mkdir(join(cwd, 'runs'))
  await writeFile(join(cwd, 'runs', 'a'), 'mine')
  expect((await createRunFolder(cwd, 'runs', 'a')).path).toBe('runs/a-2')
})

test('the configuration reads back as it was written', async () => {
  const resolved = resolveConfig([readArguments(['steps=7', 'optimizer=sgd'], settings)], 'quick', settings)
  const folder = await createRunFolder(cwd, 'runs', 'a')
  await writeConfig(folder, resolved)
  expect((await openRun(cwd, 'runs/a/')).config).toEqual(resolved.config)
})

test('the configuration names the schema that editors check it with', async () => {
  const folder = await createRunFolder(cwd, 'runs', 'a')
  await writeConfig(folder, resolveConfig([], 'quick', settings))
  const [first = ''] = (await readFile(folder.config, 'utf8')).split('\n')
  const path = first.replace('# yaml-language-server: $schema=', '')
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ title: 'Settings of ddnet' })
})

test.each([
  ['runs/none', 'there is no run runs/none. Train one first: ddnet train cifar10'],
  ['runs/cifar10-quik', 'there is no run runs/cifar10-quik. Similar: runs/cifar10-quick'],
  ['runs/zzz', 'there is no run runs/zzz. There are: cifar10-quick'],
  ['runs/empty', 'runs/empty is not a run: it has no config.yaml'],
  ['runs/file', 'runs/file is not a run but a file'],
])('%s is refused with a remedy', async (path, message) => {
  if (path !== 'runs/none') {
    await writeConfig(await createRunFolder(cwd, 'runs', 'cifar10-quick'), resolveConfig([], 'quick', settings))
    await mkdir(join(cwd, 'runs', 'empty'))
    await writeFile(join(cwd, 'runs', 'file'), '')
  }
  await expect(openRun(cwd, path)).rejects.toThrow(message)
  await expect(openRun(cwd, path)).rejects.toMatchObject({ exitCode: 1 })
})

test('a damaged configuration is a failure of the run, not of usage', async () => {
  const folder = await createRunFolder(cwd, 'runs', 'a')
  await writeFile(folder.config, 'epochs: [1')
  await expect(openRun(cwd, 'runs/a')).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringContaining('the run runs/a cannot be read'),
  })
})
