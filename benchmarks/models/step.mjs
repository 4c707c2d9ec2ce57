/**
 * Times a network's training step (Adam), for `startPeer`.
 *
 *     node step.mjs wasm|tensorflow MODEL BATCH THREADS
 */
import { answerSteps } from '../wasm/answer-steps.mjs'
import { loadSources } from '../wasm/load-sources.mjs'

const [backend, model, batch, threads] = process.argv.slice(2)
const { modelStep, profileStep, tensorflow, wasm } = await loadSources('../models/start.ts')
const { device } = await (backend === 'wasm' ? wasm({ threads: Number(threads) }) : tensorflow({ device: 'cpu' }))
const step = modelStep(model, Number(batch))
await answerSteps(device, step, (count) => profileStep(step, count))
