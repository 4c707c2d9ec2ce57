import { expect, test } from 'vitest'
import { readPoisonedConfig } from './poisoned-config.ts'

test('__proto__, constructor and prototype are no settings, wherever they stand, and change no prototype', async () => {
  expect(await readPoisonedConfig()).toBeGreaterThan(20)
})
