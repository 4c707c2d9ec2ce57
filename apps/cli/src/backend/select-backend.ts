import type { RequestedBackend } from '@ddnet/experiment'
import type { Io } from '../terminal/io.ts'
import { type BackendStarters, backendStarters, starterOf } from './backend-starters.ts'
import { type BackendDescription, describeBackend, type Started } from './describe-backend.ts'
import { cpuStepTimes, type StepTime, type Trial } from './measure-cpu-backends.ts'
import { missingInShort } from './missing-backend.ts'

export interface SelectedBackend extends Pick<BackendDescription, 'title' | 'accelerated'> {
  readonly backend: Started
  /** Why it was taken. */
  readonly reason: string
}

/**
 * Starts the backend that was asked for, and no other. `auto` takes TensorFlow on a CUDA GPU, else WebGPU on a real GPU,
 * else what trains faster on the CPU, TensorFlow or WebAssembly.
 *
 * @param trial the run, for `auto` to measure
 * @throws BackendUnavailable when what was asked for is not there
 */
export function selectBackend(
  requested: RequestedBackend,
  trial: Trial,
  start: BackendStarters = backendStarters,
): Promise<SelectedBackend> {
  return requested === 'auto' ? automatic(start, trial) : explicit(requested, start)
}

async function explicit(
  requested: Exclude<RequestedBackend, 'auto'>,
  start: BackendStarters,
): Promise<SelectedBackend> {
  return selected(await starterOf(requested, start)(), 'you asked for it')
}

/** Whether a GPU will compute. What must be started to know is ended again. */
export async function isAccelerated(requested: RequestedBackend, start: BackendStarters): Promise<boolean> {
  const found = await (requested === 'auto' ? onGpu(start, {}) : explicit(requested, start))
  if ('missing' in found) return false
  found.backend.dispose()
  return found.accelerated
}

async function automatic(start: BackendStarters, trial: Trial): Promise<SelectedBackend> {
  const { env } = trial.io
  const found = await onGpu(start, env)
  if ('backend' in found) return found
  const build = await attempt(start.tensorflowBuild)
  if ('missing' in build) {
    const noTensorflow = missingInShort(build.missing, env, start.hasNvidiaDevice())
    return selected(await start.wasm(), `auto: no TensorFlow: ${noTensorflow}; ${found.missing}`)
  }
  const { tensorflow, wasm } = await cpuStepTimes(build.value, start, trial)
  const isTensorflowFaster = millisecondsOf(tensorflow) < millisecondsOf(wasm)
  const backend = await (isTensorflowFaster ? start.tensorflow('cpu') : start.wasm())
  const tell = (name: string, time: StepTime) =>
    'milliseconds' in time
      ? `${name} ${time.milliseconds.toFixed(time.milliseconds < 10 ? 1 : 0)} ms a step`
      : `no ${name}: ${missingInShort(time.missing, env)}`
  const told = [tell('WebAssembly', wasm), tell('TensorFlow', tensorflow)]
  if (isTensorflowFaster) told.reverse()
  return selected(backend, `auto: ${told.join(', ')}; ${found.missing}`)
}

const millisecondsOf = (time: StepTime): number =>
  'milliseconds' in time ? time.milliseconds : Number.POSITIVE_INFINITY

/** CUDA, else WebGPU on a real GPU, else why there is neither. */
async function onGpu(start: BackendStarters, env: Io['env']): Promise<SelectedBackend | { readonly missing: string }> {
  if (!start.hasGraphicsDevice()) return { missing: 'no GPU: this machine has no graphics device' }
  const cuda = start.hasNvidiaDevice()
    ? await attempt(() => start.tensorflow('cuda:0'))
    : { missing: 'this machine has no NVIDIA driver' }
  if ('value' in cuda) return selected(cuda.value, 'auto: it has a CUDA GPU')
  const noCuda = `no CUDA: ${missingInShort(cuda.missing, env, true)}`
  const gpu = await realGpu(start)
  if ('value' in gpu) return selected(await start.webgpu(), `auto: it has a GPU; ${noCuda}`)
  return { missing: `${noCuda}; no WebGPU: ${missingInShort(gpu.missing, env)}` }
}

/** Looks for a real GPU in a process of its own: where there is none, Dawn leaves warnings on stderr, and drivers crash. */
async function realGpu({ open }: BackendStarters): Promise<Attempt<BackendDescription>> {
  const process = open('webgpu')
  try {
    const found = await attempt(() => process.describe())
    if ('missing' in found || found.value.accelerated) return found
    return { missing: `its only adapter is ${found.value.device}` }
  } finally {
    process.end()
  }
}

const selected = (backend: Started, reason: string): SelectedBackend => {
  const { title, accelerated } = describeBackend(backend)
  return { backend, title, accelerated, reason }
}

type Attempt<T> = { readonly value: T } | { readonly missing: string }

async function attempt<T>(run: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await run() }
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'BackendUnavailable') throw error
    return { missing: error.message }
  }
}
