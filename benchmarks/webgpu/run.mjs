// The benchmark itself, started by main.mjs in an environment where Dawn finds its driver.
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { measuredCommit } from '../commit.mjs'
import { loadSources } from '../wasm/load-sources.mjs'

const given = Object.fromEntries(process.argv.slice(2).map((argument) => argument.split('=')))
const options = { batch: Number(given.batch ?? 8), rounds: Number(given.rounds ?? 5), only: given.only ?? '' }

// As it is when the sources are loaded.
const commit = measuredCommit()

const processors = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const { measure } = await loadSources('../webgpu/measure.ts')
const { head, line } = await loadSources('../webgpu/table.ts')
console.log(head)
const { adapter, software, rows } = await measure({ ...options, processors }, (row) => console.log(line(row)))
const result = {
  command: `node benchmarks/webgpu/main.mjs batch=${options.batch} rounds=${options.rounds}${options.only && ` only=${options.only}`}`,
  commit,
  date: new Date().toISOString(),
  cpu: cpus()[0].model,
  cores: cpus().length,
  node: process.version,
  // Above the number of cores, times say little.
  loadAverage: loadavg()[1],
  adapter,
  batch: options.batch,
  rounds: options.rounds,
  unit: 'milliseconds on the clock, and of processors; medians',
  rows,
}
console.log(`\n${adapter}`)
const results = fileURLToPath(new URL(`../results/webgpu-${software ? 'software' : 'gpu'}.json`, import.meta.url))
// A part of the table is no result to keep, unless a file is named for it.
const out = given.out ?? (options.only === '' ? results : undefined)
if (out !== undefined) {
  mkdirSync(dirname(out), { recursive: true })
  writeFileSync(out, `${JSON.stringify(result, null, 2)}\n`)
  console.log(relative(process.cwd(), out))
}
process.exit()
