/**
 * Times each operator of the table on the WASM backend. Each line on standard input is "INDEX forward|gradients RUNS"; the
 * answer is the milliseconds, as JSON.
 *
 *     node operators.mjs own|stock BATCH THREADS
 */
import { createInterface } from 'node:readline'
import { loadSources } from './load-sources.mjs'

const [kernels, batch, threads] = process.argv.slice(2)
const { operators, start, time } = await loadSources('start.ts')
const { device } = await start(kernels, Number(threads))
const cases = operators(Number(batch))
console.log(
  JSON.stringify({ device, cases: cases.map(({ name, gradients }) => ({ name, gradients: gradients !== undefined })) }),
)
for await (const line of createInterface({ input: process.stdin })) {
  const [index, pass, runs] = line.split(' ')
  const run = cases[Number(index)][pass]
  console.log(JSON.stringify(Array.from({ length: Number(runs) }, () => time(run))))
}
process.exit()
