import { defineConfig, mergeConfig } from 'vitest/config'
import tests from './vitest.config.ts'

/**
 * `pnpm reliability`: what takes minutes by nature, and hours on a machine that does other things as well, so that no test has a time of
 * its own: the script ends what hangs. A slice of each runs in `npm test`.
 */
const reliability = mergeConfig(tests, defineConfig({ test: { testTimeout: 0, hookTimeout: 0 } }))
const { projects: _, ...options } = reliability.test ?? {}
reliability.test = {
  ...options,
  include: ['{packages,apps}/*/test/**/*.reliability.ts', 'test/**/*.reliability.ts'],
}

export default reliability
