import { recordWork, type Work } from '../../packages/backend-webgpu/src/recorder.ts'
import { type Contender, startBoth } from '../../packages/backend-webgpu/src/stock.ts'
import { matMul, tensor, tidy } from '../../packages/ops/src/index.ts'
import { operators, time } from '../wasm/operators.ts'
import { ddnetStep } from './step.ts'

export interface Options {
  readonly batch: number
  /** How often each is timed. */
  readonly rounds: number
  /** What the names of the rows contain, where not all are wanted. */
  readonly only?: string
}

/** What one run of something was, on one backend. */
export interface Measurement {
  /** The median. */
  readonly milliseconds: number
  readonly dispatches: number
  readonly submits: number
  /** Buffers created, none reused. */
  readonly buffers: number
}

export interface Row {
  readonly name: string
  readonly own: Measurement
  /** Nothing where tfjs's kernels fail. */
  readonly stock: Measurement | { readonly error: string }
}

export interface Report {
  readonly adapter: string
  readonly software: boolean
  readonly options: Options
  readonly rows: readonly Row[]
}

/**
 * Measures DDNet's training step, and each operator at the shapes that it has there, on our WebGPU backend and on
 * tfjs-backend-webgpu as it is published, in turns. It runs in Node and in a page or worker, where nothing has started
 * WebGPU yet. Each row is told when it is there.
 */
export async function measure(options: Options, tell: (row: Row) => void = () => {}): Promise<Report> {
  const { own, stock, adapter, software } = await startBoth()
  const rows: Row[] = []
  for (const { name, make } of subjects(options.batch)) {
    if (!name.includes(options.only ?? '')) continue
    const runs = new Map<Contender, () => Promise<unknown>>()
    let error: string | undefined
    for (const contender of [own, stock]) {
      await contender.use()
      try {
        const run = make()
        for (let warmUp = 0; warmUp < 2; warmUp++) await run()
        runs.set(contender, run)
      } catch (reason) {
        if (contender === own) throw reason
        error = (reason as Error).message.split('\n')[0] as string
      }
    }
    const measured = await inTurns(runs, options.rounds)
    const row: Row = {
      name,
      own: measured.get(own) as Measurement,
      stock: measured.get(stock) ?? { error: error as string },
    }
    rows.push(row)
    tell(row)
  }
  return { adapter, software, options, rows }
}

interface Subject {
  readonly name: string
  /** Its inputs on the current backend, and what runs it once and waits for the device. */
  readonly make: () => () => Promise<unknown>
}

function subjects(batch: number): Subject[] {
  const step: Subject = { name: `DDNet step, batch ${batch}`, make: () => ddnetStep(batch).run }
  const kernels = operators(batch).flatMap(({ name, gradients }, index): Subject[] => {
    const of = (pass: 'forward' | 'gradients') => () => {
      const run = operators(batch)[index]?.[pass] as () => unknown
      return async () => {
        time(run)
        await finished()
      }
    }
    const forward: Subject = { name, make: of('forward') }
    return gradients === undefined ? [forward] : [forward, { name: `${name}, with gradients`, make: of('gradients') }]
  })
  return [step, ...kernels]
}

/** Resolves when the device has done what it was told. */
async function finished(): Promise<void> {
  const last = tidy(() => matMul(tensor([[1]]), tensor([[1]]))) // a kernel that tfjs never runs on the host
  await last.data()
  last.dispose()
}

async function inTurns(
  runs: ReadonlyMap<Contender, () => Promise<unknown>>,
  rounds: number,
): Promise<Map<Contender, Measurement>> {
  const works = new Map<Contender, Work>()
  const times = new Map<Contender, number[]>([...runs.keys()].map((contender) => [contender, []]))
  for (const [contender, run] of runs) {
    await contender.use()
    works.set(contender, (await recordWork(contender.device, run)).work)
  }
  for (let round = 0; round < rounds; round++) {
    for (const [contender, run] of runs) {
      await contender.use()
      const start = performance.now()
      await run()
      times.get(contender)?.push(performance.now() - start)
    }
  }
  return new Map(
    [...works].map(([contender, { dispatches, submits, buffers }]) => {
      const milliseconds = median(times.get(contender) as number[])
      return [contender, { milliseconds, dispatches: dispatches.length, submits, buffers }]
    }),
  )
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}
