/**
 * DDNet's training step and its operators on the WASM backend, side by side with operators composed from tfjs-backend-wasm's
 * kernels and, where `DDNET_PYTHON` (or `python3`) has torch, with PyTorch. All take turns in one run; figures are medians. Processor
 * time is told beside time on the clock, since it says more on a machine that does other things as well.
 *
 *     node benchmarks/wasm/main.mjs [batch=32] [threads=2] [rounds=8] [steps=5] [out=FILE.json]
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startPeer } from './peer.mjs'
import { median } from './statistics.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const given = Object.fromEntries(process.argv.slice(2).map((argument) => argument.split('=')))
const setting = (name, fallback) => Number(given[name] ?? fallback)
const batch = setting('batch', 32)
const threads = setting('threads', Math.min(2, cpus().length))
const rounds = setting('rounds', 8)
const steps = setting('steps', 5)

/** glibc's allocator returns large blocks to the system after every step unless told otherwise. */
const tunedAllocator = {
  MALLOC_MMAP_THRESHOLD_: '1000000000',
  MALLOC_TRIM_THRESHOLD_: '10000000000',
  MALLOC_TOP_PAD_: '500000000',
}

const python = process.env.DDNET_PYTHON ?? 'python3'
const hasTorch = spawnSync(python, ['-c', 'import torch']).status === 0

const step = await benchStep()
const operators = await benchOperators()
const result = {
  command: `node benchmarks/wasm/main.mjs batch=${batch} threads=${threads} rounds=${rounds} steps=${steps}`,
  commit: execFileSync('git', ['describe', '--always', '--dirty'], { cwd: root, encoding: 'utf8' }).trim(),
  date: new Date().toISOString(),
  cpu: cpus()[0].model,
  cores: cpus().length,
  node: process.version,
  // Above the number of cores, times on the clock say little: see the processors' times.
  loadAverage: loadavg()[1],
  batch,
  threads,
  unit: 'milliseconds, medians',
  step,
  operators,
}
const out = given.out ?? here(`../results/wasm-${threads}-threads.json`)
mkdirSync(dirname(out), { recursive: true })
writeFileSync(out, `${JSON.stringify(result, null, 2)}\n`)
console.log(`\n${relative(process.cwd(), out)}`)

async function benchStep() {
  const node = (kernels, count) => [process.execPath, [here('ddnet-step.mjs'), kernels, `${batch}`, `${count}`]]
  const torch = (count) => [python, [here('ddnet_step.py'), `${batch}`, `${count}`]]
  const peers = [
    await startPeer(`DDNet wasm, ${threads} thread(s)`, ...node('own', threads)),
    ...(threads > 1 ? [await startPeer('DDNet wasm, 1 thread', ...node('own', 1))] : []),
    await startPeer('composed tfjs-wasm, 1 thread', ...node('composed', 1)),
  ]
  if (hasTorch) {
    peers.push(
      await startPeer(`PyTorch, tuned allocator, ${threads} thread(s)`, ...torch(threads), tunedAllocator),
      ...(threads > 1 ? [await startPeer('PyTorch, tuned allocator, 1 thread', ...torch(1), tunedAllocator)] : []),
      await startPeer(`PyTorch, default allocator, ${threads} thread(s)`, ...torch(threads)),
    )
  } else console.log(`${python} has no torch: give one as DDNET_PYTHON to compare with PyTorch`)
  for (const peer of peers) await peer.steps(peer.name.startsWith('composed') ? 2 : 10) // warm-up
  const times = new Map(peers.map((peer) => [peer, []]))
  for (let round = 0; round < rounds; round++) {
    for (const peer of peers) {
      times.get(peer).push(...(await peer.steps(peer.name.startsWith('composed') ? 1 : steps)))
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
  const start = (kernels) =>
    startPeer(kernels, process.execPath, [
      here('operators.mjs'),
      kernels,
      `${batch}`,
      `${kernels === 'own' ? threads : 1}`,
    ])
  const [own, composed] = [await start('own'), await start('composed')]
  console.log(`\nOperators: ours on ${threads} thread(s), composed tfjs-wasm on 1, ms (median)`)
  const rows = []
  for (const [index, { name, gradients }] of own.cases.entries()) {
    for (const pass of gradients ? ['forward', 'gradients'] : ['forward']) {
      const times = { own: [], composed: [] }
      await Promise.all([own.ask(`${index} ${pass} 2`), composed.ask(`${index} ${pass} 1`)])
      for (let round = 0; round < 5; round++) {
        times.own.push(...(await own.ask(`${index} ${pass} 2`)))
        times.composed.push(...(await composed.ask(`${index} ${pass} 1`)))
      }
      const row = { name, pass, own: median(times.own), composed: median(times.composed) }
      const numbers = [row.own, row.composed].map((value) => value.toFixed(2).padStart(9)).join('')
      const label = `${name}, ${pass === 'forward' ? 'forward' : 'forward + gradients'}`
      console.log(`  ${label.padEnd(64)}${numbers}${(row.composed / row.own).toFixed(1).padStart(7)}×`)
      rows.push(row)
    }
  }
  own.stop()
  composed.stop()
  return rows
}
