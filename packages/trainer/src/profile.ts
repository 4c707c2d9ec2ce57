import type { Loader } from '@ddnet/datasets'
import { memory, random } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { observeKernels } from '@ddnet/ops/kernels'
import { disposeBatch } from './batch.ts'
import type { Learner, ProfilePhase } from './learner.ts'
import type { MeasuredBatch } from './read-batch.ts'

export interface ProfileOptions {
  /** How many steps are measured. */
  readonly steps?: number
  /** Steps before, which are not: a first step allocates and compiles. */
  readonly warmup?: number
}

/** Means of one step. */
export interface KernelProfile {
  readonly kernel: string
  readonly phase: ProfilePhase
  readonly calls: number
  /** Its own time, without that of the kernels that it is composed of. */
  readonly milliseconds: number
}

/** Where the time and the memory of a training step go. Plain JSON. */
export interface Profile {
  readonly steps: number
  /** The mean over the steps of each part; they add up to `step`. */
  readonly milliseconds: {
    readonly step: number
    /** Waiting for the loader. */
    readonly data: number
    /** The host in kernels. On a backend that computes on this thread or waits for its device, that is the computation. */
    readonly kernels: number
    /** The host between kernels: the tape, the model's own code. */
    readonly host: number
    /** Waiting for the device, until the loss is read. On WebGPU kernels only record their work, and it is done here. */
    readonly device: number
  }
  /** The most expensive first. */
  readonly kernels: readonly KernelProfile[]
  /** Before a step and at its most, as the engine counts them; what kernels allocate inside is not seen. */
  readonly memory: {
    readonly tensors: number
    readonly bytes: number
    readonly peakTensors: number
    readonly peakBytes: number
  }
}

/** Measures steps of `learner`, each of which waits for the device. The caller puts models and loader back. */
export async function profile<B>(
  learner: Learner<B>,
  loader: Loader<B>,
  { steps = 10, warmup = 2 }: ProfileOptions,
): Promise<Profile> {
  for (const [name, value, least] of [
    ['steps', steps, 1],
    ['warmup', warmup, 0],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < least) {
      throw new RangeError(`profile: expected ${name} to be a whole number of at least ${least}, got ${value}.`)
    }
  }
  const kernels = new KernelTimes(learner)
  const spent = { step: 0, data: 0, device: 0 }
  let before = memory()
  let reads: Promise<MeasuredBatch>[] = []
  for (let done = 0; done < warmup + steps; ) {
    let batches = 0
    let began = performance.now()
    let waiting = began
    for await (const batch of loader) {
      const measuring = done >= warmup
      batches++
      if (measuring) spent.data += performance.now() - waiting
      const run = () => {
        reads.push(learner.learn(batch, random.key(0).fold(done).fold(reads.length)))
        return reads.length === learner.batchesPerStep ? learner.update() : undefined
      }
      const taken = measuring ? kernels.observe(run) : run()
      waiting = performance.now()
      if (taken === undefined) continue
      for (const { suspect } of await Promise.all(reads)) disposeBatch(suspect?.batch ?? {})
      taken.dispose()
      reads = []
      done++
      if (measuring) {
        const end = performance.now()
        spent.device += end - waiting
        spent.step += end - began
      }
      if (done === warmup) before = memory()
      if (done >= warmup + steps) break
      began = performance.now()
      waiting = began
    }
    if (batches === 0) throw new Error('profile: the loader gave no batches.')
  }
  const { step, data, device } = spent
  const inKernels = kernels.milliseconds
  return {
    steps,
    milliseconds: {
      step: step / steps,
      data: data / steps,
      kernels: inKernels / steps,
      host: (step - data - inKernels - device) / steps,
      device: device / steps,
    },
    kernels: kernels.table(steps),
    memory: { tensors: before.numTensors, bytes: before.numBytes, ...kernels.peak },
  }
}

/** Counts and times kernels while it observes. */
class KernelTimes {
  readonly #learner: { readonly phase: ProfilePhase }
  readonly #entries = new Map<string, { kernel: string; phase: ProfilePhase; calls: number; milliseconds: number }>()
  /** For each kernel under way, the time of those that it is composed of. */
  readonly #parts: number[] = []
  /** Of the kernels that are not parts of others. */
  milliseconds = 0
  readonly peak = { peakTensors: 0, peakBytes: 0 }

  constructor(learner: { readonly phase: ProfilePhase }) {
    this.#learner = learner
  }

  observe<T>(run: () => T): T {
    const stop = observeKernels(({ kernelName }) => this.#begin(kernelName))
    try {
      return run()
    } finally {
      stop()
    }
  }

  #begin(kernel: string): () => void {
    const { phase } = this.#learner
    this.#parts.push(0)
    const began = performance.now()
    return () => {
      const elapsed = performance.now() - began
      const own = elapsed - (this.#parts.pop() as number) // pushed above
      const outer = this.#parts.length - 1
      if (outer < 0) this.milliseconds += elapsed
      else this.#parts[outer] = itemAt(this.#parts, outer) + elapsed
      const name = `${phase} ${kernel}`
      const entry = this.#entries.get(name) ?? { kernel, phase, calls: 0, milliseconds: 0 }
      entry.calls++
      entry.milliseconds += own
      this.#entries.set(name, entry)
      const { numTensors, numBytes } = memory()
      this.peak.peakTensors = Math.max(this.peak.peakTensors, numTensors)
      this.peak.peakBytes = Math.max(this.peak.peakBytes, numBytes)
    }
  }

  /** Means of one step, the most expensive first. */
  table(steps: number): KernelProfile[] {
    return [...this.#entries.values()]
      .map((entry) => ({ ...entry, calls: entry.calls / steps, milliseconds: entry.milliseconds / steps }))
      .toSorted((a, b) => b.milliseconds - a.milliseconds)
  }
}
