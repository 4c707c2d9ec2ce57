import { recordWork, type Work } from '../../packages/backend-webgpu/src/recorder.ts'
import { type Contender, startBoth } from '../../packages/backend-webgpu/src/stock.ts'
import { relu, tensor, tidy } from '../../packages/ops/src/index.ts'
import { operators, time } from '../wasm/operators.ts'
import { ddnetStep } from './step.ts'

export interface Options {
  readonly batch: number
  /** How often each is timed; less often, down to once, what would take longer than half a minute. */
  readonly rounds: number
  /** What the names of the rows contain, where not all are wanted. */
  readonly only?: string
  /** Milliseconds of processors that this process has used, where that can be told: what an adapter on the CPU costs. */
  readonly processors?: () => number
}

/** What one run of something was, on one backend. */
export interface Measurement {
  /** The median on the clock. */
  readonly milliseconds: number
  /** The median of processors' time, where it can be told. */
  readonly processors?: number
  readonly dispatches: number
  readonly submits: number
  /** Buffers created, none reused. */
  readonly buffers: number
}

export interface Row {
  readonly name: string
  /** Whether both dispatch the same programs, so that a difference is noise. */
  readonly same: boolean
  /** How often it was timed. */
  readonly rounds: number
  /** How often it ran each time: what is short would otherwise be the time of waiting for the device. */
  readonly repeats: number
  readonly own: Measurement
  /** Nothing where tfjs's kernels fail. */
  readonly stock: Measurement | { readonly error: string }
}

export interface Report {
  readonly adapter: string
  readonly software: boolean
  readonly rows: readonly Row[]
}

/**
 * Measures DDNet's training step, and each operator at the shapes that it has there, on our WebGPU backend and on
 * tfjs-backend-webgpu as it is published, in turns. It runs in Node and in a page or worker, where nothing has started
 * WebGPU yet. Each row is told when it is there.
 */
export async function measure(options: Options, tell: (row: Row) => void = () => {}): Promise<Report> {
  const { own, stock, adapter, software } = await startBoth()
  const subjects = new Map<Contender, Subject[]>()
  for (const contender of [own, stock]) {
    await contender.use()
    subjects.set(contender, subjectsOf(options.batch))
  }
  const only = options.only ?? ''
  const names = (subjects.get(own) as Subject[]).map(({ name }) => name)
  if (!names.some((name) => name.includes(only))) {
    throw new RangeError(`No row's name contains "${only}". The rows are ${names.join('; ')}.`)
  }
  const rows: Row[] = []
  for (const [index, name] of names.entries()) {
    if (!name.includes(only)) continue
    const runs = new Map<Contender, () => unknown>()
    let error: string | undefined
    let slowestMs = 0
    for (const [contender, all] of subjects) {
      await contender.use()
      try {
        const run = all[index]?.start() as () => unknown
        let lastMs = 0
        // The first compiles.
        for (let warmUp = 0; warmUp < 2 && lastMs < maxMs / 5; warmUp++) {
          const start = performance.now()
          await run()
          await finished()
          lastMs = performance.now() - start
        }
        slowestMs = Math.max(slowestMs, lastMs)
        runs.set(contender, run)
      } catch (reason) {
        if (contender === own) throw reason
        error = (reason as Error).message.split('\n')[0]
      }
    }
    const rounds = Math.max(1, Math.min(options.rounds, Math.floor(maxMs / slowestMs)))
    const repeats = Math.max(1, Math.min(maxRepeats, Math.round(roundMs / slowestMs)))
    const { measured, same } = await inTurns(runs, { ...options, rounds, repeats })
    const row: Row = {
      name,
      same,
      rounds,
      repeats,
      own: measured.get(own) as Measurement,
      stock: measured.get(stock) ?? { error: error as string },
    }
    rows.push(row)
    tell(row)
  }
  return { adapter, software, rows }
}

/** Some of tfjs's kernels take most of a minute where a device computes on the CPU. */
const maxMs = 30_000

/** How long the slower of both is to run each time, so that waiting for the device, some 1.5 ms, is little of it. */
const roundMs = 40
const maxRepeats = 20

interface Subject {
  readonly name: string
  /** Gives what runs it once. */
  readonly start: () => () => unknown
}

/** What is measured, with its inputs on the current backend. */
function subjectsOf(batch: number): Subject[] {
  const step: Subject = { name: `DDNet step, batch ${batch}`, start: () => ddnetStep(batch).run }
  const kernels = operators(batch).flatMap(({ name, forward, gradients }): Subject[] => {
    const value: Subject = { name, start: () => () => time(forward) }
    if (gradients === undefined) return [value]
    return [value, { name: `${name}, with gradients`, start: () => () => time(gradients) }]
  })
  return [step, ...kernels]
}

/** Resolves when the device has done what it was told. */
async function finished(): Promise<void> {
  const last = tidy(() => relu(tensor([1]))) // tfjs's program on both, and never run on the host
  await last.data()
  last.dispose()
}

async function inTurns(
  runs: ReadonlyMap<Contender, () => unknown>,
  { rounds, repeats, processors }: Options & { readonly repeats: number },
): Promise<{ measured: Map<Contender, Measurement>; same: boolean }> {
  /** One run, and what it took. */
  const timed = async <T>(run: () => T): Promise<{ value: Awaited<T>; clock: number; used: number | undefined }> => {
    await finished()
    const [start, before] = [performance.now(), processors?.()]
    const value = await run()
    await finished()
    return { value, clock: performance.now() - start, used: before && (processors?.() as number) - before }
  }
  const works = new Map<Contender, Work>()
  const times = new Map<Contender, { clock: number; used: number | undefined }[]>()
  for (const [contender, run] of runs) {
    await contender.use()
    const { value, ...time } = await timed(() => recordWork(contender.device, run))
    works.set(contender, value.work)
    // Recording takes a little time, which is nothing beside that of what is slow.
    times.set(contender, rounds === 1 ? [time] : [])
  }
  for (let round = 0; round < rounds && rounds > 1; round++) {
    for (const [contender, run] of runs) {
      await contender.use()
      const { clock, used } = await timed(() => repeat(run, repeats))
      times.get(contender)?.push({ clock: clock / repeats, used: used && used / repeats })
    }
  }
  const measured = new Map(
    [...works].map(([contender, { dispatches, submits, buffers }]): [Contender, Measurement] => {
      const all = times.get(contender) as { clock: number; used: number | undefined }[]
      const used = all.flatMap((each) => each.used ?? [])
      return [
        contender,
        {
          milliseconds: median(all.map(({ clock }) => clock)),
          ...(used.length > 0 && { processors: median(used) }),
          dispatches: dispatches.length,
          submits,
          buffers,
        },
      ]
    }),
  )
  const [own, stock] = [...works.values()].map(
    ({ dispatches }) => `${dispatches.map(({ label, grid }) => label + grid)}`,
  )
  return { measured, same: own === stock }
}

async function repeat(run: () => unknown, times: number): Promise<void> {
  for (let done = 0; done < times; done++) await run()
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}
