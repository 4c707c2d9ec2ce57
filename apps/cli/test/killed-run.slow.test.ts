import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { killCommand } from './killed-run.ts'
import { missingCommand } from './trouble.ts'

const missing = missingCommand === undefined ? '' : ` (${missingCommand})`

test.skipIf(missingCommand !== undefined)(
  `the command that is killed four times comes to what an undisturbed one does${missing}`,
  async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'ddnet-killed-'))
    onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
    expect((await killCommand(cwd, { kills: 4, seed: 3 })).kills).toBe(4)
  },
)
