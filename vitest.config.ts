import { defineConfig } from 'vitest/config'

const sources = ['@ddnet/source']

export default defineConfig({
  // Tests run on the TypeScript sources: nothing needs to be built first.
  resolve: { conditions: sources },
  ssr: { resolve: { conditions: sources } },
  test: {
    include: ['{packages,apps}/*/{src,test}/**/*.test.ts', 'test/**/*.test.ts', 'conformance/**/*.test.ts'],
    globalSetup: 'test/global-setup.ts',
    pool: 'forks',
    // A worker starts each backend once for all of its files.
    isolate: false,
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
