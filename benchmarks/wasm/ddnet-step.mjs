/**
 * Times DDNet's training step (batch norm, Adam) on the WASM backend. Each line on standard input is a number of steps; the
 * answer is their milliseconds on the clock and of all processors, as JSON.
 *
 *     node ddnet-step.mjs own|fused|composed BATCH THREADS
 */
import { createInterface } from 'node:readline'
import { loadSources } from './load-sources.mjs'

const [kernels, batch, threads] = process.argv.slice(2)
const { ddnetStep, start } = await loadSources('start.ts')
const { device } = await start(kernels, Number(threads))
const step = ddnetStep(Number(batch))
console.log(JSON.stringify({ device }))
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
