/**
 * DDNet's training step on TensorFlow in Node, side by side with the same written for tfjs-node on the same TensorFlow, with
 * our WASM backend and, where `DDNET_PYTHON` (or `python3`) has torch, with PyTorch. All take turns in one run; figures are
 * medians. Processor time is told beside time on the clock, since it says more on a machine that does other things as well.
 *
 *     node benchmarks/node/main.mjs [batches=32,128] [threads=2] [rounds=6] [steps=4] [out=FILE.json]
 *
 * "oneDNN" is TensorFlow's switch `TF_ENABLE_ONEDNN_OPTS=1`, on by default on some processors alone; "tuned allocator", the
 * variables that keep glibc from giving memory back after every step.
 */
import { fileURLToPath } from 'node:url'
import { given, hasTorch, python, setting, threads } from '../options.mjs'
import { keepResult, measurement } from '../result.mjs'
import { startPeer, tunedAllocator } from '../wasm/peer.mjs'
import { median } from '../wasm/statistics.mjs'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const batches = (given.batches ?? '32,128').split(',').map(Number)
const rounds = setting('rounds', 6)
const steps = setting('steps', 4)

const measured = measurement()
const comparesTorch = hasTorch()

const results = []
for (const batch of batches) results.push({ batch, peers: await benchStep(batch) })
const result = {
  command: `node benchmarks/node/main.mjs batches=${batches} threads=${threads} rounds=${rounds} steps=${steps}`,
  ...measured,
  threads,
  unit: 'milliseconds; relative is to the first peer, of medians',
  steps: results,
}
keepResult(`node-${threads}-threads.json`, result, given.out)

async function benchStep(batch) {
  const tensorflow = (name, kernels, environment = {}) =>
    startPeer(name, process.execPath, [here('step.mjs'), kernels, `${batch}`], {
      TF_NUM_INTRAOP_THREADS: `${threads}`,
      TF_CPP_MIN_LOG_LEVEL: '2',
      ...environment,
    })
  const torch = (name, environment) =>
    startPeer(name, python, [here('../wasm/ddnet_step.py'), `${batch}`, `${threads}`], environment)
  const peers = [
    await tensorflow('DDNet tensorflow', 'own'),
    await tensorflow('tfjs-node', 'stock'),
    await tensorflow('tfjs-node, oneDNN', 'stock', { TF_ENABLE_ONEDNN_OPTS: '1' }),
    await tensorflow('DDNet tensorflow, tuned allocator', 'own', tunedAllocator),
    await tensorflow('tfjs-node, tuned allocator', 'stock', tunedAllocator),
    await startPeer('DDNet wasm', process.execPath, [here('../wasm/ddnet-step.mjs'), 'own', `${batch}`, `${threads}`]),
  ]
  if (comparesTorch) {
    peers.push(await torch('PyTorch, tuned allocator', tunedAllocator), await torch('PyTorch, default allocator', {}))
  }
  for (const peer of peers) await peer.steps(3) // warm-up
  const times = new Map(peers.map((peer) => [peer, []]))
  for (let round = 0; round < rounds; round++) {
    for (const peer of peers) times.get(peer).push(...(await peer.steps(steps)))
  }
  for (const peer of peers) peer.stop()
  const rows = peers.map((peer) => {
    const clock = times.get(peer).map(([elapsed]) => elapsed)
    const processors = times.get(peer).map(([, used]) => used)
    return {
      name: peer.name,
      device: peer.device,
      median: median(clock),
      minimum: Math.min(...clock),
      processors: median(processors),
    }
  })
  console.log(
    `\nDDNet training step, batch ${batch}, batch norm, Adam, ${threads} thread(s): ms on the clock (median, least), of processors (median); the first and the third relative to the first row`,
  )
  const [ours] = rows
  return rows.map((row) => {
    const relatives = { relative: row.median / ours.median, relativeProcessors: row.processors / ours.processors }
    const numbers = [row.median, row.minimum, row.processors].map((value) => value.toFixed(1).padStart(9)).join('')
    const ratios = Object.values(relatives).map((value) => `${value.toFixed(2)}×`.padStart(9))
    console.log(`  ${row.name.padEnd(36)}${numbers}${ratios.join('')}`)
    return { ...row, ...relatives }
  })
}
