import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { cached } from './cache.ts'

let cache: string
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'ddnet-cache-'))
  vi.stubEnv('DDNET_CACHE', cache)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(cache, { recursive: true, force: true })
})

test('fills a folder once', async () => {
  const fill = vi.fn((folder: string) => writeFile(join(folder, 'a'), 'whole'))
  const folder = await cached('tool-1', fill)
  expect(folder).toBe(join(cache, 'tool-1'))
  expect(await cached('tool-1', fill)).toBe(folder)
  expect(fill).toHaveBeenCalledTimes(1)
  expect(await readFile(join(folder, 'a'), 'utf8')).toBe('whole')
})

test('asked by several at once, each gets the whole folder and nothing is left over', async () => {
  const fill = (folder: string) => writeFile(join(folder, 'a'), 'whole')
  const folders = await Promise.all(Array.from({ length: 8 }, () => cached('tool-1', fill)))
  expect(new Set(folders)).toEqual(new Set([join(cache, 'tool-1')]))
  expect(await readdir(cache)).toEqual(['tool-1'])
})

test('a failed filling leaves nothing', async () => {
  const fill = async (folder: string) => {
    await writeFile(join(folder, 'a'), 'half')
    throw new Error('disk full')
  }
  await expect(cached('tool-1', fill)).rejects.toThrow('disk full')
  expect(await readdir(cache)).toEqual([])
})
