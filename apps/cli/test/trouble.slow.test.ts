import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { missingDisk } from '@ddnet/testing'
import { describe, onTestFinished, test } from 'vitest'
import { missingCommand, runOnFailingDisk, runsAtOnce, runWithFewFiles } from './trouble.ts'

function newFolder(): string {
  const cwd = mkdtempSync(join(tmpdir(), 'ddnet-trouble-'))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  return cwd
}

const named = (missing: string | undefined): string => (missing === undefined ? '' : ` (${missing})`)
const noDisk = missingDisk()

describe.skipIf(missingCommand !== undefined)(`the built command${named(missingCommand)}`, () => {
  test('two runs that start at once under one name both end well', () => runsAtOnce(newFolder(), 2))

  test.skipIf(process.platform === 'win32').each([20, 22, 24, 26, 28, 30, 40, 60, 100, 200])(
    'with no more than %i files open at once ends well, or with one line that says so',
    (limit) => runWithFewFiles(newFolder(), limit),
  )

  test.skipIf(noDisk !== undefined).each([
    ['full', 950],
    ['read-only', 0],
  ] as const)(
    `a disk that is %s with %i kB of others ends it with 1 and the reason${named(noDisk)}`,
    async (disk, otherKb) => {
      await runOnFailingDisk(newFolder(), disk, otherKb)
    },
  )
})
