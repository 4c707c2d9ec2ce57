// `pnpm check`: what must hold before a commit. The checks of `npm test`, and the tests beside what changed since the last commit, on the
// backends that need nothing installed, unless DDNET_TEST_BACKENDS says otherwise.
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runChecks } from './checks.mjs'
import { root, run } from './pnpm.mjs'

process.env.DDNET_TEST_BACKENDS ??= 'cpu,wasm'
const words = ['diff --name-only --relative HEAD', 'ls-files --others --exclude-standard']
const listed = await Promise.all(words.map((line) => run(['git', ...line.split(' ')])))
const folders = new Set(listed.flatMap((text) => text.split('\n').filter(Boolean)).map((path) => dirname(path)))
const tests = [...folders]
  .filter((folder) => /^(packages|apps|test|conformance)(\/|$)/.test(folder) && existsSync(join(root, folder)))
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
  .filter((path) => /(?<!\.slow)\.test\.ts$/.test(path))
await runChecks(tests.length === 0 ? undefined : tests)
