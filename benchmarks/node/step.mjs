/**
 * Times DDNet's training step (batch norm, Adam) on TensorFlow, for `startPeer`.
 *
 *     node step.mjs own|stock BATCH [DEVICE]
 */
import { answerSteps } from '../wasm/answer-steps.mjs'
import { loadSources } from '../wasm/load-sources.mjs'
import { stockStep } from './stock.mjs'

const [kernels, batch, asked = 'cpu'] = process.argv.slice(2)
const { ddnetStep, findAddon, tensorflow } = await loadSources('../node/start.ts')
const { version, device, step } = await (kernels === 'stock' ? stock() : own())
await answerSteps(`TensorFlow ${version}, ${device}`, step)

async function own() {
  const { version, device } = await tensorflow({ device: asked })
  return { version, device, step: ddnetStep(Number(batch)) }
}

function stock() {
  if (asked === 'cpu') process.env.CUDA_VISIBLE_DEVICES = '-1'
  return stockStep(findAddon(undefined, process.env, process.cwd()), Number(batch))
}
