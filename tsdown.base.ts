import { defineConfig } from 'tsdown'

/** What every published package builds: typed ESM, one file an entry, no side effects. */
export default defineConfig({
  entry: ['src/index.ts'],
  format: 'esm',
  platform: 'neutral',
  fixedExtension: true,
  // Declarations file by file: exports have explicit types, and nothing else needs to be loaded.
  dts: { oxc: true },
  clean: true,
  logLevel: 'warn',
})
