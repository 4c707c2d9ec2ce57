import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { flatSettings, type RequestedBackend } from '@ddnet/experiment'
import { BackendUnavailable } from '@ddnet/ops'
import type { Profile } from '@ddnet/trainer'
import { UsageError } from '../errors.ts'
import { tooManyOpenFiles } from '../open-files.ts'
import type { Answers, Question, Reply, SentRun } from './backend-questions.ts'
import type { BackendDescription } from './describe-backend.ts'
import type { MeasuredRun } from './measure-steps.ts'

/**
 * A backend in a process of its own, where it can be tried and measured: TensorFlow fixes its device for the life of a
 * process, drivers write to stderr, and may end a process.
 */
export interface BackendProcess {
  /** @throws BackendUnavailable when the backend is not here, its process ended, or it does not answer */
  describe(): Promise<BackendDescription>
  /** GFLOP/s of DDNet's convolutions, forward and gradients, measured for about a second. */
  convolutionGflops(): Promise<number>
  /** Trains as the run would, though with fewer images where that takes long; milliseconds a step. */
  trainingStep(run: MeasuredRun, steps: number): Promise<number>
  /**
   * Trains as the run would, with all the images of its steps; milliseconds a step.
   *
   * @throws UsageError for a step that cannot fit
   */
  step(run: MeasuredRun, steps: number): Promise<number>
  /** Batches of the run through its model, without gradients; milliseconds a batch. */
  forward(run: MeasuredRun, batches: number): Promise<number>
  /** Where the time of the run's steps goes. */
  profile(run: MeasuredRun, steps: number): Promise<Profile>
  /** The most memory that the process has had, in bytes; what a GPU has of its own is not in it. */
  peakMemory(): Promise<number>
  /** Ends the process. */
  end(): void
}

export type OpenBackend = (requested: Exclude<RequestedBackend, 'auto'>) => BackendProcess

/** Opens the built `backend-child.mjs`, which stands beside the built command. */
export const openBackend: OpenBackend = (requested) => {
  const path = fileURLToPath(new URL('./backend-child.mjs', import.meta.url))
  return processOf(requested, fork(path, [requested], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] }))
}

/** The backend in a process that answers as backend-child.ts does. */
export function processOf(
  requested: string,
  child: ChildProcess,
  maxAnswerMs = 60_000,
  maxWholeMs = 600_000, // a run's own steps may be long
): BackendProcess {
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000)
  })
  // What it said last is read to the end before its end is told.
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => {
      const last = said.trim().split('\n').at(-1)
      // It may have met the limit before anything of ours was loaded, in words of Node's that end with its version.
      const why = /\b(EMFILE|ENFILE)\b/.test(said) ? tooManyOpenFiles() : last
      resolve(`its process ended with ${signal ?? `exit code ${code}`}${why === '' ? '' : ` (${why})`}`)
    })
  })

  async function ask<Ask extends keyof Answers>(
    question: Question & { ask: Ask },
    maxMs = maxAnswerMs,
  ): Promise<Answers[Ask]> {
    const answer = new Promise<Reply>((resolve) => child.once('message', (reply) => resolve(reply as Reply)))
    child.send(question, () => {}) // a process that has ended tells by its end
    const timer = new AbortController()
    const reply = await Promise.race([answer, ended, silence(maxMs, timer.signal)])
    timer.abort()
    if (typeof reply === 'string') throw new BackendUnavailable(`${requested}: ${reply}.`)
    if ('value' in reply) return reply.value as Answers[Ask] // each question has its own kind of answer
    if (reply.error.name === 'BackendUnavailable') throw new BackendUnavailable(reply.error.message)
    if (reply.error.name === 'UsageError') throw new UsageError(reply.error.message)
    throw Object.assign(new Error(reply.error.message), { stack: reply.error.stack })
  }

  return {
    describe: () => ask({ ask: 'describe' }),
    convolutionGflops: () => ask({ ask: 'convolutionGflops' }),
    trainingStep: (run, steps) => ask({ ask: 'trainingStep', run: sent(run), steps }),
    step: (run, times) => ask({ ask: 'step', run: sent(run), times }, maxWholeMs),
    forward: (run, times) => ask({ ask: 'forward', run: sent(run), times }, maxWholeMs),
    profile: (run, times) => ask({ ask: 'profile', run: sent(run), times }, maxWholeMs),
    peakMemory: () => ask({ ask: 'peakMemory' }),
    end: () => void child.kill('SIGKILL'),
  }
}

const sent = ({ config, facts }: MeasuredRun): SentRun => ({ settings: flatSettings(config), facts })

function silence(afterMs: number, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(`no answer in ${afterMs / 1000} s`), afterMs)
    signal.addEventListener('abort', () => clearTimeout(timer))
  })
}
