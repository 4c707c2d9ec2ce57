import {
  compileKernels,
  instantiateKernels,
  type Runner,
  type SharedKernel,
  sharedKernelNames,
} from './wasm-kernels.ts'

/** Words of the block through which threads meet; `done` has a cache line of its own. */
const word = { sequence: 0, kernel: 1, job: 2, stop: 3, failed: 4, done: 16 } as const

/** Looks at the next job before a thread goes to sleep: about 50 µs, the usual pause between two jobs of a step. */
const spins = 20_000

/** What another thread does: its share of every job, until told to stop. Plain JavaScript, since it starts from text. */
const workerSource = `
const { parentPort, workerData } = require('node:worker_threads')
const { module, memory, control, part, parts, names, word, spins } = workerData
const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports
let seen = 0
parentPort.postMessage('ready')
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

/** How long the calling thread waits for the others. They are never late by more than what the machine does besides. */
const patienceMs = 60_000

/**
 * A runner that divides each job among the calling thread and `threads − 1` workers of Node, which share `memory`.
 * @throws Error if the workers do not start, and from `run` if one fails or does not answer for a minute
 */
export async function threadedRunner(memory: WebAssembly.Memory, threads: number): Promise<Runner> {
  // Not an import: bundlers for pages would look for it.
  const { Worker } = process.getBuiltinModule('node:worker_threads')
  const module = await compileKernels(memory)
  const kernels = await instantiateKernels(module, memory)
  const control = new Int32Array(new SharedArrayBuffer(128))
  const workers = Array.from({ length: threads - 1 }, (_, index) => {
    const shared = { module, memory, control, part: index + 1, parts: threads, names: sharedKernelNames, word, spins }
    return new Worker(workerSource, { eval: true, workerData: shared })
  })
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise<void>((resolve, reject) => {
          worker.once('message', () => resolve())
          worker.once('error', reject)
        }),
    ),
  )
  for (const worker of workers) worker.unref() // they must not keep the process alive

  const awake = (): void => {
    Atomics.add(control, word.sequence, 1)
    Atomics.notify(control, word.sequence)
  }
  const waitForOthers = (kernel: string): void => {
    for (let spin = 0; spin < spins; spin++) if (Atomics.load(control, word.done) === threads - 1) return
    const start = performance.now()
    for (;;) {
      const done = Atomics.load(control, word.done)
      if (done === threads - 1) return
      Atomics.wait(control, word.done, done, 100)
      if (performance.now() - start > patienceMs) {
        throw new Error(
          `wasm: ${threads - 1 - done} of ${threads - 1} threads did not finish ${kernel} within a minute.`,
        )
      }
    }
  }
  return {
    parts: threads,
    run: (kernel: SharedKernel, job: number) => {
      Atomics.store(control, word.kernel, sharedKernelNames.indexOf(kernel))
      Atomics.store(control, word.job, job)
      Atomics.store(control, word.done, 0)
      awake()
      kernels[kernel](job, 0, threads)
      waitForOthers(kernel)
      if (Atomics.load(control, word.failed) === 1) {
        throw new Error(`wasm: ${kernel} failed on another thread; its error is printed above.`)
      }
    },
    runAlone: (kernel, job) => kernels[kernel](job, 0, 1),
    stop: () => {
      Atomics.store(control, word.stop, 1)
      awake()
    },
  }
}
