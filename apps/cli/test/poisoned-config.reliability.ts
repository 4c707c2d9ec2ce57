import { recordFigures } from '@ddnet/testing'
import { test } from 'vitest'
import { readPoisonedConfig } from './poisoned-config.ts'

test('settings with __proto__, constructor and prototype', async () => {
  const tries = await readPoisonedConfig()
  const how = 'refused with a UsageError; no prototype changes'
  recordFigures('cases', 'settings with `__proto__`, in files, words and variables', { tries, well: tries, how })
})
