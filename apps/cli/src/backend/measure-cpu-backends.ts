import { createHash } from 'node:crypto'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { cacheDirectory } from '@ddnet/datasets/node'
import type { Config } from '@ddnet/experiment'
import { write } from '../files.ts'
import type { Io } from '../terminal/io.ts'
import { createLogger } from '../terminal/logger.ts'
import type { BackendProcess } from './backend-process.ts'
import type { BackendStarters } from './backend-starters.ts'
import { median } from './measure-convolutions.ts'
import { assumedFacts, type MeasuredRun } from './measure-steps.ts'

/** A run whose backend is to be chosen: what is measured, and who is told. */
export interface Trial {
  readonly config: Config
  readonly version: string
  readonly io: Pick<Io, 'stderr' | 'env'>
}

/** Milliseconds of a training step, or why it could not be measured. */
export type StepTime = { readonly milliseconds: number } | { readonly missing: string }

export interface StepTimes {
  readonly tensorflow: StepTime
  readonly wasm: StepTime
}

/** Turns that each backend gets after its warm-up, how long one may take, and after how long no further round begins. */
const turns = 3
const turnMs = 500
const budgetMs = 4_000

/** A measurement may have met a busy machine, and machines change in ways that no version tells. */
const maxValidMs = 7 * 24 * 3600 * 1000

/**
 * Training steps of the run on TensorFlow's CPU and on WebAssembly, measured in processes that take turns, or as measured
 * before: kept in DDNet's cache for a week, for the same versions, processor, threads, model and size. What is kept but
 * cannot be read is measured again, and so is what was missing.
 *
 * @param build which TensorFlow it is
 */
export async function cpuStepTimes(build: string, start: BackendStarters, trial: Trial): Promise<StepTimes> {
  const circumstances = circumstancesOf(build, start, trial)
  const path = cachePath(circumstances, trial)
  const kept = await readTimes(path, circumstances)
  if (kept !== undefined) return kept
  createLogger(trial.io)('backend', 'measuring, once, whether TensorFlow or WebAssembly is faster here')
  const times = await measure(start, { config: trial.config, facts: assumedFacts(trial.config) })
  if ('milliseconds' in times.tensorflow && 'milliseconds' in times.wasm) await keep(path, circumstances, times)
  return times
}

/** All that a step's time depends on. */
const circumstancesOf = (build: string, { wasmThreads }: BackendStarters, { config, version, io }: Trial) => ({
  versions: { ddnet: version, node: process.version, tensorflow: build },
  machine: { processor: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), arch: process.arch },
  threads: { wasm: wasmThreads, tensorflow: io.env.TF_NUM_INTRAOP_THREADS ?? io.env.OMP_NUM_THREADS ?? 'default' },
  work: {
    model: { name: config.model.name, ...config.model.options },
    image: assumedFacts(config).image,
    batchSize: config.batchSize,
    optimizer: config.optimizer.name,
  },
})

type Circumstances = ReturnType<typeof circumstancesOf>

interface Kept extends StepTimes {
  readonly measuredAt: string
  readonly circumstances: Circumstances
}

function cachePath(circumstances: Circumstances, { io }: Trial): string {
  const name = createHash('sha256').update(JSON.stringify(circumstances)).digest('hex').slice(0, 16)
  return join(cacheDirectory(io.env), 'step-times', `${name}.json`)
}

async function readTimes(path: string, circumstances: Circumstances): Promise<StepTimes | undefined> {
  try {
    const kept = JSON.parse(await readFile(path, 'utf8')) as Kept
    const age = Date.now() - Date.parse(kept.measuredAt)
    const isValid =
      age >= 0 &&
      age < maxValidMs &&
      isDeepStrictEqual(kept.circumstances, circumstances) &&
      [kept.tensorflow, kept.wasm].every((time) => 'milliseconds' in time && time.milliseconds > 0)
    return isValid ? kept : undefined
  } catch {
    return undefined // not there, or not what was written
  }
}

async function keep(path: string, circumstances: Circumstances, times: StepTimes): Promise<void> {
  const kept: Kept = { measuredAt: new Date().toISOString(), circumstances, ...times }
  const partial = `${path}.${process.pid}.partial`
  try {
    await mkdir(dirname(path), { recursive: true })
    await write(partial, `${JSON.stringify(kept, undefined, 2)}\n`)
    await rename(partial, path)
  } catch {
    // A cache that cannot be written costs a measurement the next time, and no run.
  }
}

async function measure({ open }: BackendStarters, run: MeasuredRun): Promise<StepTimes> {
  const [tensorflow, wasm] = [contestant(open('cpu'), run), contestant(open('wasm'), run)]
  try {
    await Promise.all([tensorflow.warmUp(), wasm.warmUp()])
    const began = performance.now()
    for (let turn = 0; turn < turns && (turn === 0 || performance.now() - began < budgetMs); turn++)
      for (const { takeTurn } of [tensorflow, wasm]) await takeTurn()
    return { tensorflow: tensorflow.result(), wasm: wasm.result() }
  } finally {
    tensorflow.end()
    wasm.end()
  }
}

/** A backend that is measured, and drops out if it turns out not to be here. */
function contestant(process: BackendProcess, run: MeasuredRun) {
  const times: number[] = []
  let missing: string | undefined
  let steps = 2
  const train = async () => {
    if (missing !== undefined) return 0
    try {
      return await process.trainingStep(run, steps)
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'BackendUnavailable') throw error
      missing = error.message
      return 0
    }
  }
  return {
    async warmUp() {
      await train() // compiles
      steps = Math.max(1, Math.floor(turnMs / (await train())))
    },
    async takeTurn() {
      times.push(await train())
    },
    result: (): StepTime => (missing === undefined ? { milliseconds: median(times) } : { missing }),
    end: process.end,
  }
}
