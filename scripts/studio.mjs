// `npm run studio`: installs and builds what is not up to date, writes the data, and serves the page that trains DDNet.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from './pnpm.mjs'
import { build, install } from './prepare.mjs'
import { step } from './step.mjs'

const studio = join(root, 'apps', 'studio')
const env = await install()
await build(env, '@ddnet/studio^...')
if (!existsSync(join(studio, 'public', 'cifar10', 'manifest.json'))) {
  await step('writing the data', () => run([process.execPath, join(studio, 'scripts', 'shards.mjs')], env))
}
const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
spawn(process.execPath, [vite, studio, ...process.argv.slice(2)], { cwd: studio, env, stdio: 'inherit' })
