import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['@ddnet/source'] },
  ssr: { resolve: { conditions: ['@ddnet/source'] } },
  test: {
    include: ['packages/*/{src,test}/**/*.test.ts', 'apps/*/{src,test}/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    isolate: false,
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
