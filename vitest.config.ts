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
    // A process a file: what one leaves behind (modules, devices, WebAssembly's memory) is no other's.
    isolate: true,
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
