/**
 * Times DDNet's training step (batch norm, Adam) on a GPU, or on another backend to try it out. Each line on standard input
 * is a number of steps; the answer is their milliseconds on the clock and of all processors, as JSON.
 *
 *     node step.mjs cuda:0|cpu|webgpu BATCH
 */
import { createInterface } from 'node:readline'
import { loadSources } from '../wasm/load-sources.mjs'

const [device, batch] = process.argv.slice(2)
const { ddnetStep, tensorflow, webgpu } = await loadSources('../gpu/start.ts')
const backend = await (device === 'webgpu' ? webgpu() : tensorflow({ device }))
const { run } = ddnetStep(Number(batch))
console.log(JSON.stringify({ device: `${backend.name} ${backend.device}` }))
for await (const line of createInterface({ input: process.stdin })) {
  const times = []
  for (let step = 0; step < Number(line); step++) {
    const [start, processor] = [performance.now(), process.cpuUsage()]
    await run()
    const { user, system } = process.cpuUsage(processor)
    times.push([performance.now() - start, (user + system) / 1000])
  }
  console.log(JSON.stringify(times))
}
process.exit()
