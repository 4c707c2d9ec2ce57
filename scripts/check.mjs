// `pnpm check`: what must hold before a commit. The same checks as `npm test`, and the tests that reach what changed since the last commit,
// on the backends that need nothing installed, unless DDNET_TEST_BACKENDS says otherwise.
import { runChecks } from './checks.mjs'

process.env.DDNET_TEST_BACKENDS ??= 'cpu,wasm'
await runChecks(['--changed', '--passWithNoTests', ...process.argv.slice(2)])
