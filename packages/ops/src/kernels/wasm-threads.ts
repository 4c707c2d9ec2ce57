import { errorMessage } from '../checks/error.ts'
import { BackendUnavailable } from './backend.ts'
import { compileKernels, instantiateKernels, type Runner, sharedKernelNames } from './wasm-kernels.ts'
import { type StartWorker, startNodeWorker, startPageWorker } from './wasm-workers.ts'

/** Words of the block through which threads meet; `done` has a cache line of its own. */
const word = { sequence: 0, kernel: 1, job: 2, stop: 3, failed: 4, done: 16 } as const

/** Looks at the next job before a thread goes to sleep: about 50 µs, the usual pause between two jobs of a step. */
const spins = 20_000

/** What another thread does: its share of every job, until told to stop. Plain JavaScript, since it starts from text. */
const script = `
const { modules, memory, control, part, parts, names, word, spins } = shared
const instances = modules.map((module) => new WebAssembly.Instance(module, { env: { memory } }))
const kernels = Object.assign({}, ...instances.map(({ exports }) => exports))
let seen = 0
ready()
for (;;) {
  for (let spin = 0; Atomics.load(control, word.sequence) === seen; spin++) {
    if (spin > spins) Atomics.wait(control, word.sequence, seen, 1000)
  }
  seen = Atomics.load(control, word.sequence)
  if (Atomics.load(control, word.stop) === 1) break
  try {
    kernels[names[control[word.kernel]]](control[word.job] >>> 0, part, parts)
  } catch (error) {
    console.error(error)
    Atomics.store(control, word.failed, 1)
  }
  if (Atomics.add(control, word.done, 1) === parts - 2) Atomics.notify(control, word.done)
}
`

export interface ThreadOptions {
  readonly fused?: boolean
  readonly startWorker?: StartWorker
  /** How long the calling thread waits for the others. They are never late by more than what the machine does besides. */
  readonly patienceMs?: number
}

/**
 * A runner that divides each job among the calling thread and `threads − 1` workers, which share `memory`. The calling
 * thread waits for them, so in a page it must be a worker itself.
 *
 * @throws BackendUnavailable if the workers do not start
 * @throws Error from `run` if one fails or does not answer in time, and from then on
 */
export async function threadedRunner(
  memory: WebAssembly.Memory,
  threads: number,
  {
    fused = false,
    startWorker = hasNode() ? startNodeWorker : startPageWorker,
    patienceMs = 60_000,
  }: ThreadOptions = {},
): Promise<Runner> {
  const modules = await compileKernels(memory, fused)
  const kernels = await instantiateKernels(modules, memory)
  // A block of its own for each pool: a late thread of an old one can disturb nothing.
  const control = new Int32Array(new SharedArrayBuffer(128))
  const lost: { reason?: string } = {}
  const awake = (): void => {
    Atomics.add(control, word.sequence, 1)
    Atomics.notify(control, word.sequence)
  }
  const stop = (): void => {
    Atomics.store(control, word.stop, 1)
    awake()
  }
  /** Threads that failed or are late may still write; nothing that is computed with them can be trusted. */
  const giveUp = (reason: string): never => {
    lost.reason = reason
    stop()
    throw new Error(reason)
  }
  const waitForOthers = (kernel: string): void => {
    for (let spin = 0; spin < spins; spin++) if (Atomics.load(control, word.done) === threads - 1) return
    const start = performance.now()
    for (;;) {
      const done = Atomics.load(control, word.done)
      if (done === threads - 1) return
      Atomics.wait(control, word.done, done, Math.min(100, patienceMs))
      if (performance.now() - start > patienceMs) {
        giveUp(
          `wasm: ${threads - 1 - done} of ${threads - 1} other threads did not finish ${kernel} within ${patienceMs / 1000} s. Dispose the backend and start it again.`,
        )
      }
    }
  }

  try {
    const workers = Array.from({ length: threads - 1 }, (_, index) =>
      startWorker(script, {
        ...{ modules, memory, control, part: index + 1, parts: threads },
        ...{ names: sharedKernelNames, word, spins },
      }),
    )
    const started = Promise.all(workers.map(({ ready }) => ready))
    await within(patienceMs, started, `they did not answer within ${patienceMs / 1000} s.`)
    for (const worker of workers) worker.release()
  } catch (error) {
    stop()
    const message = errorMessage(error) // what constructors of workers and their error events give
    throw new BackendUnavailable(`wasm: not all of ${threads} threads could start: ${message}`, { cause: error })
  }

  return {
    fused,
    parts: threads,
    run: (kernel, job) => {
      if (lost.reason !== undefined) throw new Error(lost.reason)
      Atomics.store(control, word.kernel, sharedKernelNames.indexOf(kernel))
      Atomics.store(control, word.job, job)
      Atomics.store(control, word.done, 0)
      awake()
      kernels[kernel](job, 0, threads)
      waitForOthers(kernel)
      if (Atomics.load(control, word.failed) === 1) {
        giveUp(`wasm: ${kernel} failed on another thread; its error is printed above.`)
      }
    },
    runAlone: (kernel, job) => kernels[kernel](job, 0, 1),
    stop,
  }
}

const hasNode = (): boolean => globalThis.process?.versions?.node !== undefined

/** The promise's result, or an error of that reason if it takes longer. */
async function within<T>(milliseconds: number, promise: Promise<T>, reason: string): Promise<T> {
  const timer: { id?: ReturnType<typeof setTimeout> } = {}
  const late = new Promise<never>((_, reject) => {
    timer.id = setTimeout(() => reject(new Error(reason)), milliseconds)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer.id)
  }
}
