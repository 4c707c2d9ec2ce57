import { defineConfig, mergeConfig } from 'vitest/config'
import tests from './vitest.config.ts'

/** `pnpm reliability`: what takes minutes by nature. A slice of each runs in `npm test`. */
const reliability = mergeConfig(tests, defineConfig({ test: { testTimeout: 1_800_000 } }))
reliability.test = {
  ...reliability.test,
  include: ['{packages,apps}/*/test/**/*.reliability.ts', 'test/**/*.reliability.ts'],
}

export default reliability
