// `node scripts/run-source.mjs MODULE ARG…` runs a TypeScript module of this workspace, the packages from their sources.
import { register } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

register('./source-hooks.mjs', import.meta.url)
process.setSourceMapsEnabled(true) // errors point at the line that was written
const [node, , module, ...args] = process.argv
// As if Node had been started with it.
process.argv = [node, resolve(module), ...args]
await import(pathToFileURL(resolve(module)).href)
