import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { recordFigures } from '@ddnet/testing'
import { expect, onTestFinished, test } from 'vitest'
import { killCommand } from './killed-run.ts'

// Other moments every time; DDNET_SEED repeats some.
const seed = Number(process.env['DDNET_SEED'] ?? Date.now() % 2 ** 31)
const kills = Number(process.env['DDNET_KILLS'] ?? 100)

test(`the command that is killed ${kills} times comes to what an undisturbed one does (DDNET_SEED=${seed})`, async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'ddnet-killed-'))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  const { exact, refused, ...killed } = await killCommand(cwd, { kills, seed })
  expect(killed.kills).toBe(kills)
  expect(exact).toBeGreaterThan(0)
  const how = `${exact} runs ended with the weights, the optimizer, the log and the best of an undisturbed one; ${refused} had no checkpoint yet, were refused and begun again`
  recordFigures('cases', '`ddnet train` is killed at any moment, and goes on', { tries: kills, well: kills, how })
})
