import type { RequestedBackend } from '@ddnet/experiment'
import { itemAt } from '@ddnet/ops/checks'
import type { BackendProcess, OpenBackend } from './backend-process.ts'
import type { BackendDescription } from './describe-backend.ts'
import { median } from './measure-convolutions.ts'
import type { MeasuredRun } from './measure-steps.ts'

/** Times of several rounds. */
export interface Milliseconds {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** A backend's figures for a run. */
export interface BackendFigures extends BackendDescription {
  /** A training step, with the loading of its images. */
  readonly step: Milliseconds
  /** A batch through the model, without gradients. */
  readonly forward: Milliseconds
  /** How many steps were measured, after those that compile and warm up. */
  readonly steps: number
  /** Of the whole process, at its most; of a GPU it is not known. */
  readonly peakMemoryBytes?: number
}

/** Why a backend has no figures. */
export interface Failure {
  readonly error: Error
}

type Name = Exclude<RequestedBackend, 'auto'>

interface MeasureOptions {
  readonly open: OpenBackend
  /** Steps to measure on each; by default as many as fit into some seconds. */
  readonly steps?: number | undefined
  /** Told what is being done. */
  readonly tell: (doing: string) => void
}

const maxRounds = 5
const roundMs = 1_000
/** After so long a backend gets no further round. */
const maxMs = 30_000

/**
 * Training steps and forward passes of a run on each backend, in processes that take turns round by round, so that what
 * else the machine does meets all of them alike. A backend that fails drops out with its error.
 */
export async function measureBackends(
  names: readonly Name[],
  run: MeasuredRun,
  { open, steps, tell }: MeasureOptions,
): Promise<Map<string, BackendFigures | Failure>> {
  const contestants = names.map((name) => contestant(open(name), run))
  try {
    for (const [at, { warmUp }] of contestants.entries()) {
      tell(`starting ${names[at]}`)
      await warmUp()
    }
    const rounds = Math.min(maxRounds, steps ?? maxRounds)
    for (let round = 1; round <= rounds; round++) {
      const wanted = steps && Math.floor((steps * round) / rounds) - Math.floor((steps * (round - 1)) / rounds)
      for (const [at, { takeTurn }] of contestants.entries()) {
        tell(`measuring ${names[at]}, round ${round}`)
        await takeTurn(wanted)
      }
    }
    const results = await Promise.all(contestants.map(({ result }) => result()))
    return new Map(names.map((name, at) => [name, itemAt(results, at)]))
  } finally {
    for (const { end } of contestants) end()
  }
}

function contestant(process: BackendProcess, run: MeasuredRun) {
  const times = { step: [] as number[], forward: [] as number[] }
  let description: BackendDescription | undefined
  /** What fits into a round. */
  let fitting = { steps: 1, batches: 1 }
  let [steps, spentMs] = [0, 0]
  let failure: Failure | undefined
  const attempt = async (work: () => Promise<void>) => {
    if (failure !== undefined) return
    try {
      await work()
    } catch (error) {
      failure = { error: error as Error }
      process.end()
    }
  }
  return {
    warmUp: () =>
      attempt(async () => {
        description = await process.describe()
        await process.step(run, 1) // compiles
        const stepMs = await process.step(run, 1)
        await process.forward(run, 1)
        const forwardMs = await process.forward(run, 1)
        const fits = (ms: number) => Math.max(1, Math.floor(roundMs / ms))
        fitting = { steps: fits(stepMs), batches: fits(2 * forwardMs) }
      }),
    /** @param wanted so many steps, or those that fit */
    takeTurn: (wanted: number | undefined) =>
      attempt(async () => {
        if (wanted === undefined && spentMs > maxMs) return
        const count = wanted ?? fitting.steps
        const stepMs = await process.step(run, count)
        const forwardMs = await process.forward(run, fitting.batches)
        times.step.push(stepMs)
        times.forward.push(forwardMs)
        steps += count
        spentMs += count * stepMs + fitting.batches * forwardMs
      }),
    async result(): Promise<BackendFigures | Failure> {
      let peakMemoryBytes = 0
      await attempt(async () => {
        peakMemoryBytes = await process.peakMemory()
      })
      if (failure !== undefined) return failure
      const known = description as BackendDescription // it has not failed
      return {
        ...known,
        step: spread(times.step),
        forward: spread(times.forward),
        steps,
        ...(!known.accelerated && { peakMemoryBytes }),
      }
    },
    end: process.end,
  }
}

const spread = (times: readonly number[]): Milliseconds => ({
  median: median(times),
  least: Math.min(...times),
  most: Math.max(...times),
})
