// One backend in its own process: `node child.mjs '{"backend": …, "kernels": …, "files": […], "out": …}'`.
import { appendFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import jasmineCore from 'jasmine-core'
import { core, openLoader } from './loader.mjs'

const { backend, kernels, files, out } = JSON.parse(process.argv[2])

const require = createRequire(import.meta.url)
// tfjs's jasmine_util asks for a copy of jasmine, only to set that copy's time limit.
const copy = { core: () => ({}) }
globalThis.require = Object.assign((name) => (name.startsWith('jasmine-core/') ? copy : require(name)), require)

const jasmine = jasmineCore.boot()
const { load, shadow } = await openLoader()
if (kernels === 'ours') shadow(Object.keys((await load('/conformance/src/shared-names.ts')).facade()))
const { run } = await load('/conformance/src/run.ts')
await run({
  backend,
  kernels,
  files,
  jasmine,
  load: (file) => load(join(core, file)),
  done: (result) => appendFileSync(out, `${JSON.stringify(result)}\n`),
})
process.exit()
