import { defineConfig } from 'tsdown'

/** What every published package builds: typed ESM, one file an entry, no side effects. */
export default defineConfig({
  entry: ['src/index.ts'],
  format: 'esm',
  platform: 'neutral',
  dts: true,
  clean: true,
  logLevel: 'warn',
})
