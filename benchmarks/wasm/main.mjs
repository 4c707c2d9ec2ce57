/**
 * DDNet's training step on the WASM backend, side by side with operators composed from tfjs-backend-wasm's kernels, with
 * jax-js, and, where `DDNET_PYTHON` (or `python3`) has torch, with PyTorch; then each operator beside the same on
 * tfjs-backend-wasm's kernels alone. All take turns in one run; figures are medians. Processor time is told beside time on the
 * clock, since it says more on a machine that does other things as well.
 *
 *     node benchmarks/wasm/main.mjs [batch=32] [threads=2] [rounds=8] [steps=5] [jax=1] [operators=1] [out=FILE.json]
 *
 * jax-js and the Node 22 that runs it are installed into `.cache` on first use; it needs tens of seconds a step and gets two.
 * "fused" is `wasm({ fusedMultiplyAdd: true })`, which needs Node 22 too.
 */
import { fileURLToPath } from 'node:url'
import { given, hasTorch, python, setting, threads } from '../options.mjs'
import { keepResult, measurement } from '../result.mjs'
import { installJax } from './install-jax.mjs'
import { startPeer, tunedAllocator } from './peer.mjs'
import { median } from './statistics.mjs'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const batch = setting('batch', 32)
const rounds = setting('rounds', 8)
const steps = setting('steps', 5)
const withJax = setting('jax', 1) === 1

const measured = measurement()
const comparesTorch = hasTorch()

const step = await benchStep()
const operators = setting('operators', 1) === 1 ? await benchOperators() : []
const result = {
  command: `node benchmarks/wasm/main.mjs batch=${batch} threads=${threads} rounds=${rounds} steps=${steps}`,
  ...measured,
  batch,
  threads,
  unit: 'milliseconds, medians',
  step,
  operators,
}
keepResult(`wasm-${threads}-threads.json`, result, given.out)

async function benchStep() {
  const node = (kernels, count) => [process.execPath, [here('ddnet-step.mjs'), kernels, `${batch}`, `${count}`]]
  const torch = (count) => [python, [here('ddnet_step.py'), `${batch}`, `${count}`]]
  const peers = [
    await startPeer(`DDNet wasm, ${threads} thread(s)`, ...node('own', threads)),
    ...(threads > 1 ? [await startPeer('DDNet wasm, 1 thread', ...node('own', 1))] : []),
    await startPeer('composed tfjs-wasm, 1 thread', ...node('composed', 1)),
  ]
  if (comparesTorch) {
    peers.push(
      await startPeer(`PyTorch, tuned allocator, ${threads} thread(s)`, ...torch(threads), tunedAllocator),
      ...(threads > 1 ? [await startPeer('PyTorch, tuned allocator, 1 thread', ...torch(1), tunedAllocator)] : []),
      await startPeer(`PyTorch, default allocator, ${threads} thread(s)`, ...torch(threads)),
    )
  }
  if (withJax) {
    const { node, path } = await installJax()
    const onNode22 = (kernels) => [node, [here('ddnet-step.mjs'), kernels, `${batch}`, '1']]
    peers.push(await startPeer('DDNet wasm, 1 thread, Node 22', ...onNode22('own')))
    peers.push(await startPeer('DDNet wasm, fused, 1 thread, Node 22', ...onNode22('fused')))
    peers.push(await startPeer('jax-js, 1 thread', node, [here('jax-step.mjs'), path, `${batch}`]))
  }
  // Some take seconds a step.
  const slow = ({ name }) => name.startsWith('composed') || name.startsWith('jax-js')
  for (const peer of peers) await peer.steps(slow(peer) ? 1 : 10) // warm-up
  const times = new Map(peers.map((peer) => [peer, []]))
  for (let round = 0; round < rounds; round++) {
    for (const peer of peers) {
      if (peer.name.startsWith('jax-js') && round >= 2) continue
      times.get(peer).push(...(await peer.steps(slow(peer) ? 1 : steps)))
    }
  }
  for (const peer of peers) peer.stop()
  const ours = median(times.get(peers[0]).map(([elapsed]) => elapsed))
  console.log(
    `DDNet training step, batch ${batch}, batch norm, Adam: ms on the clock (median, least), of processors (median), relative to the first`,
  )
  return peers.map((peer) => {
    const clock = times.get(peer).map(([elapsed]) => elapsed)
    const processors = median(times.get(peer).map(([, used]) => used))
    const row = { name: peer.name, device: peer.device, median: median(clock), minimum: Math.min(...clock), processors }
    const numbers = [row.median, row.minimum, processors].map((value) => value.toFixed(1).padStart(8)).join('')
    console.log(`  ${peer.name.padEnd(40)}${numbers}${(row.median / ours).toFixed(2).padStart(8)}×`)
    return { ...row, relative: row.median / ours }
  })
}

async function benchOperators() {
  const start = (kernels, count) =>
    startPeer(kernels, process.execPath, [here('operators.mjs'), kernels, `${batch}`, `${count}`])
  const peers = { own: await start('own', threads), ownAlone: await start('own', 1), stock: await start('stock', 1) }
  console.log(
    `\nOperators: ours on ${threads} thread(s), ours on 1, tfjs-wasm's kernels on 1, ms (median); theirs / ours on 1`,
  )
  const rows = []
  for (const [index, { name, gradients }] of peers.own.cases.entries()) {
    for (const pass of gradients ? ['forward', 'gradients'] : ['forward']) {
      const times = Object.fromEntries(Object.keys(peers).map((peer) => [peer, []]))
      for (let round = 0; round <= rounds; round++) {
        for (const [peer, { ask }] of Object.entries(peers)) {
          const measured = await ask(`${index} ${pass} ${peer === 'stock' ? 1 : 2}`)
          if (round > 0) times[peer].push(...measured) // the first is a warm-up
        }
      }
      const row = Object.fromEntries(Object.entries(times).map(([peer, values]) => [peer, median(values)]))
      const numbers = Object.values(row).map((value) => value.toFixed(2).padStart(9))
      const label = `${name}, ${pass === 'forward' ? 'forward' : 'forward + gradients'}`
      const ratio = (row.stock / row.ownAlone).toFixed(1).padStart(7)
      console.log(`  ${label.padEnd(70)}${numbers.join('')}${ratio}×`)
      rows.push({ name, pass, ...row })
    }
  }
  for (const peer of Object.values(peers)) peer.stop()
  return rows
}
