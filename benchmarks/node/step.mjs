/**
 * Times DDNet's training step (batch norm, Adam) on TensorFlow. Each line on standard input is a number of steps; the answer
 * is their milliseconds on the clock and of all processors, as JSON.
 *
 *     node step.mjs own|stock BATCH [DEVICE]
 */
import { createInterface } from 'node:readline'
import { loadSources } from '../wasm/load-sources.mjs'
import { stockStep } from './stock.mjs'

const [kernels, batch, asked = 'cpu'] = process.argv.slice(2)
const { ddnetStep, findAddon, tensorflow } = await loadSources('../node/start.ts')
const { version, device, step } = await (kernels === 'stock' ? stock() : own())
console.log(JSON.stringify({ device: `TensorFlow ${version}, ${device}` }))
for await (const line of createInterface({ input: process.stdin })) {
  const times = Array.from({ length: Number(line) }, () => {
    const [start, processor] = [performance.now(), process.cpuUsage()]
    step()
    const { user, system } = process.cpuUsage(processor)
    return [performance.now() - start, (user + system) / 1000]
  })
  console.log(JSON.stringify(times))
}
process.exit()

async function own() {
  const { version, device } = await tensorflow({ device: asked })
  return { version, device, step: ddnetStep(Number(batch)) }
}

function stock() {
  if (asked === 'cpu') process.env.CUDA_VISIBLE_DEVICES = '-1'
  return stockStep(findAddon(undefined, process.env, process.cwd()), Number(batch))
}
