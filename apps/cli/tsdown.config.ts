import { defineConfig } from 'tsdown'

/** The command `ddnet`: one ESM file with a shebang; dependencies stay outside. */
export default defineConfig({
  entry: ['src/main.ts'],
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  dts: false,
  clean: true,
  logLevel: 'warn',
})
