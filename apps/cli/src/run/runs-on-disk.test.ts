import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtIn, resolveConfig, settingCatalog } from '@ddnet/experiment'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { summarizeRun } from './run-summary.ts'
import { createRunFolder } from './runs-on-disk.ts'

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

test.each([
  ['runs/none', 'there is no run runs/none. Train one first: ddnet train cifar10'],
  ['runs/cifar10-quik', 'there is no run runs/cifar10-quik. Similar: runs/cifar10-quick'],
  ['runs/zzz', 'there is no run runs/zzz. There are: cifar10-quick'],
  ['runs/empty', 'runs/empty is not a run: it has no config.yaml'],
  ['runs/file', 'runs/file is not a run but a file'],
])('%s is refused with a remedy', async (path, message) => {
  if (path !== 'runs/none') {
    const folder = await createRunFolder(cwd, 'runs', 'cifar10-quick')
    await folder.writeConfig(resolveConfig([], 'quick', settings).config)
    await mkdir(join(cwd, 'runs', 'empty'))
    await writeFile(join(cwd, 'runs', 'file'), '')
  }
  await expect(summarizeRun(cwd, path)).rejects.toThrow(message)
  await expect(summarizeRun(cwd, path)).rejects.toMatchObject({ exitCode: 1 })
})
