import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { bundled } from './bundle.ts'
import { folders } from './folder.ts'
import { readAllPoisoned } from './poisoned-json.ts'

const newFolder = folders()
const script = bundled(new URL('./kill/train.ts', import.meta.url))

test('JSON with __proto__, constructor and prototype in any object is read or refused, and changes no prototype', async () => {
  const run = newFolder()
  execFileSync(process.execPath, [script(), run, '3', '3'])
  const counts = await readAllPoisoned(run, newFolder())
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(3)
})
