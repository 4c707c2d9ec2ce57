// `node scripts/run-source.mjs MODULE ARG…` runs a TypeScript module of this workspace, the packages from their sources.
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadSources } from '../benchmarks/wasm/load-sources.mjs'

const [node, , module, ...args] = process.argv
// As if Node had been started with it.
process.argv = [node, resolve(module), ...args]
await loadSources(pathToFileURL(resolve(module)).href)
