/**
 * A training step of networks of three kinds (ResNet-18 and a U-Net on pictures of 64 × 64, a GPT of six layers on 128 tokens; Adam) on
 * WASM, on TensorFlow where its addon is, and where `DDNET_PYTHON` (or `python3`) has torch in PyTorch. All take turns in one run;
 * figures are medians. Then the kernels of each, longest first, which say where a gap lies.
 *
 *     node benchmarks/models/main.mjs [models=resnet18,unet,gpt] [batch=8] [threads=2] [rounds=5] [steps=3] [tensorflow=1] [out=FILE.json]
 */
import { fileURLToPath } from 'node:url'
import { given, hasTorch, python, setting, threads } from '../options.mjs'
import { keepResult, measurement } from '../result.mjs'
import { startPeer, tunedAllocator } from '../wasm/peer.mjs'
import { median } from '../wasm/statistics.mjs'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const models = (given.models ?? 'resnet18,unet,gpt').split(',')
const batch = setting('batch', 8)
const rounds = setting('rounds', 5)
const steps = setting('steps', 3)
const withTensorflow = setting('tensorflow', 1) === 1

const measured = measurement()
const comparesTorch = hasTorch()

const networks = []
for (const model of models) networks.push({ model, peers: await bench(model) })
const result = {
  command: `node benchmarks/models/main.mjs models=${models} batch=${batch} threads=${threads} rounds=${rounds} steps=${steps}`,
  ...measured,
  batch,
  threads,
  unit: 'milliseconds, medians; relative is to PyTorch with a tuned allocator; kernels are means of a step, and how often each runs in one',
  networks,
}
keepResult(`models-${threads}-threads.json`, result, given.out)

async function bench(model) {
  const ours = (backend, count) => [process.execPath, [here('step.mjs'), backend, model, `${batch}`, `${count}`]]
  const torch = (count) => [python, [here('model_step.py'), model, `${batch}`, `${count}`]]
  const peers = [
    await startPeer(`DDNet wasm, ${threads} thread(s)`, ...ours('wasm', threads)),
    ...(threads > 1 ? [await startPeer('DDNet wasm, 1 thread', ...ours('wasm', 1))] : []),
  ]
  if (withTensorflow) {
    const environment = { TF_NUM_INTRAOP_THREADS: `${threads}`, TF_CPP_MIN_LOG_LEVEL: '2', ...tunedAllocator }
    peers.push(await startPeer('DDNet tensorflow, tuned allocator', ...ours('tensorflow', threads), environment))
  }
  const reference = `PyTorch, tuned allocator, ${threads} thread(s)`
  if (comparesTorch) {
    peers.push(await startPeer(reference, ...torch(threads), tunedAllocator))
    if (threads > 1) peers.push(await startPeer('PyTorch, tuned allocator, 1 thread', ...torch(1), tunedAllocator))
    peers.push(await startPeer(`PyTorch, default allocator, ${threads} thread(s)`, ...torch(threads)))
  }
  for (const peer of peers) await peer.steps(3) // warm-up
  const times = new Map(peers.map((peer) => [peer, []]))
  for (let round = 0; round < rounds; round++) {
    for (const peer of peers) times.get(peer).push(...(await peer.steps(steps)))
  }
  const rows = []
  for (const peer of peers) {
    const clock = times.get(peer).map(([elapsed]) => elapsed)
    const kernels = (await peer.ask(`profile ${steps}`)).slice(0, 12)
    const processors = median(times.get(peer).map(([, used]) => used))
    rows.push({
      name: peer.name,
      device: peer.device,
      median: median(clock),
      minimum: Math.min(...clock),
      processors,
      kernels,
    })
    peer.stop()
  }
  const compared = rows.find(({ name }) => name === reference) ?? rows[0]
  console.log(
    `\n${model}, batch ${batch}, Adam: ms on the clock (median, least), of processors (median), relative to ${compared.name}`,
  )
  for (const row of rows) {
    row.relative = row.median / compared.median
    const numbers = [row.median, row.minimum, row.processors].map((value) => value.toFixed(1).padStart(9)).join('')
    console.log(`  ${row.name.padEnd(40)}${numbers}${row.relative.toFixed(2).padStart(8)}×`)
  }
  for (const { name, kernels } of rows.filter(({ name }) => !name.includes('default') && !name.endsWith('1 thread'))) {
    const told = kernels
      .slice(0, 6)
      .map(([kernel, milliseconds, calls]) => `${kernel} ${milliseconds.toFixed(1)} (${calls})`)
    console.log(`  ${name}: ${told.join(', ')}`)
  }
  return rows
}
