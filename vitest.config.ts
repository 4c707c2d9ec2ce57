import { configDefaults, defineConfig } from 'vitest/config'

const sources = ['@ddnet/source']

// Slow files run in `npm run test:all`, and where they are asked for by name.
const slow = '**/*.slow.test.ts'
const withSlow = process.env['DDNET_TEST_ALL'] !== undefined || process.argv.some((word) => word.includes('.slow'))

export default defineConfig({
  // Tests run on the TypeScript sources: nothing needs to be built first.
  resolve: { conditions: sources },
  ssr: { resolve: { conditions: sources } },
  test: {
    include: ['{packages,apps}/*/{src,test}/**/*.test.ts', 'test/**/*.test.ts', 'conformance/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(withSlow ? [] : [slow])],
    globalSetup: 'test/global-setup.ts',
    pool: 'forks',
    // A process a file: what one leaves behind (modules, devices, WebAssembly's memory) is no other's.
    isolate: true,
    maxWorkers: 2,
    // Against tests that hang; none is judged by its time.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
})
