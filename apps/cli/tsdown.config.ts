import { defineConfig } from 'tsdown'

const common = {
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warn',
} as const

export default defineConfig([
  /** The command `ddnet` with a shebang, and what runs in the processes that it starts; dependencies stay outside. */
  {
    ...common,
    entry: { main: 'src/main.ts', 'backend-child': 'src/backend/backend-child.ts' },
    dts: false,
    clean: true,
  },
  /** The type of a file of settings. */
  { ...common, entry: ['src/index.ts'], dts: true, clean: false },
])
