import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { random } from '@ddnet/ops'
import { missingDisk, recordFigures } from '@ddnet/testing'
import { describe, onTestFinished, test } from 'vitest'
import { missingCommand, runOnFailingDisk, runsAtOnce } from './trouble.ts'

function newFolder(): string {
  const cwd = mkdtempSync(join(tmpdir(), 'ddnet-trouble-'))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  return cwd
}

const named = (missing: string | undefined): string => (missing === undefined ? '' : ` (${missing})`)
// Other amounts every time; DDNET_SEED repeats some.
const seed = Number(process.env['DDNET_SEED'] ?? Date.now() % 2 ** 31)
const noDisk = missingDisk()

describe.skipIf(missingCommand !== undefined)(`the built command${named(missingCommand)}`, () => {
  test('four runs that start at once under one name, five times', async () => {
    for (let round = 0; round < 5; round++) await runsAtOnce(newFolder(), 4)
    const how = 'all four exit with 0, in folders a, a-2, a-3 and a-4, with the same weights'
    recordFigures('cases', '`ddnet train name=a`, four at once', { tries: 5, well: 5, how })
  })

  test.skipIf(noDisk !== undefined)(`a disk that fails${named(noDisk)} (DDNET_SEED=${seed})`, async () => {
    for (let at = 0; at < 10; at++) {
      // Full from the first file of the run, or from one of its last.
      await runOnFailingDisk(newFolder(), 'full', 860 + random.integer(random.key(seed).fold(at), 164))
    }
    const how = 'it exits with 1 and a line that names the file and the reason'
    recordFigures('cases', '`ddnet train`, the disk is full', { tries: 10, well: 10, how })
    await runOnFailingDisk(newFolder(), 'read-only', 0)
    recordFigures('cases', '`ddnet train`, the folder is read-only', { tries: 1, well: 1, how })
  })
})
