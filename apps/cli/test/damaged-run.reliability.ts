import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { recordFigures } from '@ddnet/testing'
import { expect, onTestFinished, test } from 'vitest'
import { editAndResume, edits, filesOf, stoppedRun } from './damaged-run.ts'

// Other places every time; DDNET_SEED repeats some.
const seed = Number(process.env['DDNET_SEED'] ?? Date.now() % 2 ** 31)
const rounds = 4

test(`every file of a run, damaged as by a loss of power (DDNET_SEED=${seed})`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ddnet-damaged-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const stopped = await stoppedRun(folder)
  const counts = new Map<string, number>()
  for (const file of filesOf(stopped.folder)) {
    for (const edit of Object.keys(edits)) {
      const isAtRandom = /cut|zeros at/.test(edit)
      for (let round = 0; round < (isAtRandom ? rounds : 1); round++) {
        const result = await editAndResume(stopped, file, edit, seed + round)
        if (result !== undefined) counts.set(result, (counts.get(result) ?? 0) + 1)
      }
    }
  }
  const tries = [...counts.values()].reduce((sum, count) => sum + count)
  expect(tries).toBeGreaterThan(100)
  const how = [...counts].map(([result, count]) => `${result} (${count})`).join(', ')
  recordFigures('cases', 'a file of a run is cut, emptied, zeroed, doubled, an older one, or missing', {
    tries,
    well: tries,
    how,
  })
})
