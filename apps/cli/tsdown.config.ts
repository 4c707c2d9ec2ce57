import { defineConfig } from 'tsdown'

/** The command `ddnet` with a shebang, and what runs in the processes that it starts; dependencies stay outside. */
export default defineConfig({
  entry: ['src/main.ts', 'src/backend-child.ts'],
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  dts: false,
  clean: true,
  logLevel: 'warn',
})
