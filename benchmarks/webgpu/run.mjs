// The benchmark itself, started by main.mjs in an environment where Dawn finds its driver.
import { keepResult, measurement } from '../result.mjs'
import { loadSources } from '../wasm/load-sources.mjs'

const given = Object.fromEntries(process.argv.slice(2).map((argument) => argument.split('=')))
const options = { batch: Number(given.batch ?? 8), rounds: Number(given.rounds ?? 5), only: given.only ?? '' }

// As it is when the sources are loaded.
const measured = measurement()

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
  ...measured,
  adapter,
  batch: options.batch,
  rounds: options.rounds,
  unit: 'milliseconds on the clock, and of processors; medians',
  rows,
}
console.log(`\n${adapter}`)
// A part of the table is no result to keep, unless a file is named for it.
if (given.out !== undefined || options.only === '')
  keepResult(`webgpu-${software ? 'software' : 'gpu'}.json`, result, given.out)
process.exit()
