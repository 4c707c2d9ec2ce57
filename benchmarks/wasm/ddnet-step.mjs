/**
 * Times DDNet's training step (batch norm, Adam) on the WASM backend, for `startPeer`.
 *
 *     node ddnet-step.mjs own|fused|composed BATCH THREADS
 */
import { answerSteps } from './answer-steps.mjs'
import { loadSources } from './load-sources.mjs'

const [kernels, batch, threads] = process.argv.slice(2)
const { ddnetStep, start } = await loadSources('start.ts')
const { device } = await start(kernels, Number(threads))
await answerSteps(device, ddnetStep(Number(batch)))
