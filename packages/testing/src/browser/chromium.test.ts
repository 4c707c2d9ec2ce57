import { existsSync } from 'node:fs'
import { afterEach, expect, test, vi } from 'vitest'
import { findChromium } from './chromium.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

test('finds a Chromium on this machine and says where from', async () => {
  const { executablePath, source } = await findChromium()
  expect(existsSync(executablePath)).toBe(true)
  expect(['CHROME_PATH', 'installed', 'playwright', '@sparticuz/chromium']).toContain(source)
})

test('CHROME_PATH comes first', async () => {
  vi.stubEnv('CHROME_PATH', process.execPath)
  expect(await findChromium()).toEqual({ executablePath: process.execPath, source: 'CHROME_PATH', env: {} })
})

test('a CHROME_PATH that names no file is an error, not a reason to look elsewhere', async () => {
  vi.stubEnv('CHROME_PATH', '/nowhere/chrome')
  await expect(findChromium()).rejects.toThrow('found no file at /nowhere/chrome. Correct or unset it.')
})
