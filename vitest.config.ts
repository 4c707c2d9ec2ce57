import { configDefaults, defineConfig } from 'vitest/config'

const sources = ['@ddnet/source']

// Slow files run in `npm run test:all`, and where they are asked for by name.
const slow = '**/*.slow.test.ts'
const withSlow = process.env['DDNET_TEST_ALL'] !== undefined || process.argv.some((word) => word.includes('.slow'))

/** What computes, and changes nothing of its process: backends, modules and compiled kernels are started once for all files. */
const computing = '{ops,layers,losses,metrics,optimizers,models,formats,visuals,tasks,experiment}'
const shared = [`packages/${computing}/{src,test}/**/*.test.ts`, 'packages/{datasets,trainer}/src/**/*.test.ts']
/** Of those, what needs a process that nothing else has used. */
const isolated = '**/*.isolated.test.ts'

export default defineConfig({
  // Tests run on the TypeScript sources: nothing needs to be built first.
  resolve: { conditions: sources },
  ssr: { resolve: { conditions: sources } },
  // The global set-up runs in an environment of Vitest's own.
  environments: { __vitest__: { resolve: { conditions: sources } } },
  test: {
    globalSetup: 'test/global-setup.ts',
    pool: 'forks',
    // Against tests that hang; none is judged by its time.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    restoreMocks: true,
    unstubGlobals: true,
    unstubEnvs: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: shared,
          exclude: [...configDefaults.exclude, isolated, ...(withSlow ? [] : [slow])],
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'isolated',
          include: [
            'apps/*/{src,test}/**/*.test.ts',
            `packages/!(${computing.slice(1, -1).replaceAll(',', '|')}|datasets|trainer)/{src,test}/**/*.test.ts`,
            'packages/{datasets,trainer}/test/**/*.test.ts',
            `packages/*/src/${isolated}`,
            'test/**/*.test.ts',
            'conformance/**/*.test.ts',
          ],
          exclude: [...configDefaults.exclude, ...(withSlow ? [] : [slow])],
          // A process a file: what one leaves behind (modules, devices, WebAssembly's memory) is no other's.
          isolate: true,
        },
      },
    ],
  },
})
