import { defineConfig } from 'vitest/config'
import tests from './vitest.config.ts'

/** `pnpm mutation`: one project and a process a file, so that every test loads what the script puts in a module's place. */
const { projects: _, ...options } = tests.test ?? {}

export default defineConfig({ ...tests, test: { ...options, include: ['packages/*/{src,test}/**/*.test.ts'] } })
