/**
 * Times DDNet's training step (batch norm, Adam) on a GPU, or on another backend to try it out, for `startPeer`.
 *
 *     node step.mjs cuda:0|cpu|webgpu BATCH
 */
import { answerSteps } from '../wasm/answer-steps.mjs'
import { loadSources } from '../wasm/load-sources.mjs'

const [device, batch] = process.argv.slice(2)
const { ddnetStep, tensorflow, webgpu } = await loadSources('../gpu/start.ts')
const backend = await (device === 'webgpu' ? webgpu() : tensorflow({ device }))
const { run } = ddnetStep(Number(batch))
await answerSteps(`${backend.name} ${backend.device}`, run)
