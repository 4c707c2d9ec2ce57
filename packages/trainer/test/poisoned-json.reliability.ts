import { execFileSync } from 'node:child_process'
import { recordFigures } from '@ddnet/testing'
import { test } from 'vitest'
import { bundled } from './bundle.ts'
import { folders } from './folder.ts'
import { readAllPoisoned } from './poisoned-json.ts'

const newFolder = folders()
const script = bundled(new URL('./kill/train.ts', import.meta.url))

test('JSON with __proto__, constructor and prototype in any object', async () => {
  const run = newFolder()
  execFileSync(process.execPath, [script(), run, '3', '3'])
  const counts = await readAllPoisoned(run, newFolder())
  const tries = Object.values(counts).reduce((sum, count) => sum + count)
  const how = 'read, or refused with a typed error; no prototype changes'
  recordFigures('cases', 'JSON of checkpoints, logs, weights and COCO with `__proto__`', { tries, well: tries, how })
})
