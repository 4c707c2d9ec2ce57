import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { killCommand } from './killed-run.ts'

test('the command that is killed three times comes to what an undisturbed one does', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'ddnet-killed-'))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  expect((await killCommand(cwd, { kills: 3, seed: 3 })).kills).toBe(3)
}, 300_000)
