/**
 * `pnpm report:gpu`: runs the tests of every package, tfjs-core's own tests and DDNet's training step beside PyTorch's on
 * this machine's GPUs, and writes benchmarks/results/{cuda,webgpu}-GPU.json. A machine without a GPU is told what it lacks; what was
 * measured on a busy one, or of files that differ from the commit, is not kept as a result.
 *
 * PyTorch is that of `DDNET_PYTHON`, else of `python3`.
 */
import { execFile, spawn } from 'node:child_process'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { keepResult, measurement } from '../benchmarks/result.mjs'
import { startPeer } from '../benchmarks/wasm/peer.mjs'
import { median } from '../benchmarks/wasm/statistics.mjs'
import { reportGpus } from './gpu-report.mjs'
import { CommandFailed, root } from './pnpm.mjs'
import { build, install } from './prepare.mjs'

const at = (...path) => join(root, ...path)
const output = async (command, args) => (await promisify(execFile)(command, args, { cwd: root })).stdout.trim()
const python = process.env.DDNET_PYTHON ?? 'python3'

// Before anything is built, which is a load itself.
const measured = measurement()
try {
  await build(await install(), 'ddnet...')
} catch (error) {
  if (!(error instanceof CommandFailed)) throw error
  process.stderr.write(`${error.output}\n${error.message}\n`)
  process.exit(1)
}
const diagnosis = await diagnose()
process.exitCode = await reportGpus(diagnosis, {
  pytorch,
  examine,
  write: async (name, report) => keepResult(name, report),
  circumstances: () => ({ command: 'pnpm report:gpu', ...measured, system: diagnosis.machine.system }),
  say: (line) => console.log(line),
})

/** Doctor's exit code says only whether anything works. */
async function diagnose() {
  try {
    return JSON.parse(await output(process.execPath, [at('apps/cli/dist/main.mjs'), 'doctor', '--json']))
  } catch (error) {
    if (typeof error.stdout !== 'string' || error.stdout === '') throw error
    return JSON.parse(error.stdout)
  }
}

/** PyTorch's device to compare with: CUDA for CUDA, the best there is for WebGPU. */
async function pytorch(kind) {
  const best = "'cuda' if torch.cuda.is_available() else 'mps' if torch.backends.mps.is_available() else 'cpu'"
  let device
  try {
    device = await output(python, ['-c', `import torch; print(${best})`])
  } catch {
    return {
      missing: `there is no PyTorch to compare with: '${python}' has no torch. Give one that has as DDNET_PYTHON.`,
    }
  }
  if (kind === 'cuda' && device !== 'cuda')
    return {
      missing: `there is no PyTorch to compare with: '${python}' has one without CUDA. Give one with CUDA as DDNET_PYTHON.`,
    }
  return { device }
}

async function examine(kind) {
  const backend = kind === 'cuda' ? 'tensorflow' : 'webgpu'
  const env = { ...process.env, DDNET_TEST_BACKENDS: backend, ...(kind === 'cuda' && { DDNET_TEST_DEVICE: 'cuda:0' }) }
  const tests = await written([at('scripts/test-only.mjs'), 'packages', 'test/one-model'], env)
  const conformance = await written([at('conformance/main.mjs'), backend], env)
  return {
    suites: counts(tests, /^(?<passed>\d+) passed, (?<failed>\d+) failed, (?<skipped>\d+) skipped$/m),
    conformance: {
      ...counts(conformance, /(?<passed>\d+) passed, (?<failedAsExpected>\d+) failed as expected,/),
      // Not: what fails elsewhere and passes here, or fails for another reason.
      unexpected: conformance.split('\n').filter((line) => /^ {2}fails: (?!.*\(expected: )/.test(line)).length,
    },
    steps: await benchSteps(kind, (await pytorch(kind)).device),
  }
}

function counts(text, pattern) {
  const found = text.match(pattern)
  if (found === null) throw new Error(`expected ${pattern} in:\n${text}`)
  return Object.fromEntries(Object.entries(found.groups).map(([name, count]) => [name, Number(count)]))
}

/** Runs Node and shows and returns what it writes, which counts what failed; its exit code says no more. */
function written(args, env) {
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (piece) => {
    process.stdout.write(piece)
    text += piece
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve(text))
  })
}

/** Median milliseconds of a training step; both take turns. */
async function benchSteps(kind, torchDevice) {
  const rows = []
  for (const batch of [32, 128, 512]) {
    const device = kind === 'cuda' ? 'cuda:0' : 'webgpu'
    const peers = {
      ddnet: await startPeer('DDNet', process.execPath, [at('benchmarks/gpu/step.mjs'), device, `${batch}`]),
      pytorch: await startPeer('PyTorch', python, [
        at('benchmarks/wasm/ddnet_step.py'),
        `${batch}`,
        `${cpus().length}`,
        torchDevice,
      ]),
    }
    const times = { ddnet: [], pytorch: [] }
    for (let round = 0; round <= 5; round++) {
      for (const [name, peer] of Object.entries(peers)) {
        const measured = await peer.steps(20)
        if (round > 0) times[name].push(...measured.map(([elapsed]) => elapsed)) // the first is a warm-up
      }
    }
    for (const peer of Object.values(peers)) peer.stop()
    const [ddnet, torch] = [median(times.ddnet), median(times.pytorch)]
    const row = { batch, ddnet, pytorch: torch, ratio: ddnet / torch, against: peers.pytorch.device }
    console.log(`  batch ${batch}: DDNet ${ddnet.toFixed(2)} ms, ${row.against} ${torch.toFixed(2)} ms`)
    rows.push(row)
  }
  return rows
}
