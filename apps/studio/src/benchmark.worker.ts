import { measure, type Options } from '../../../benchmarks/webgpu/measure.ts'
import { head, line } from '../../../benchmarks/webgpu/table.ts'

export type BenchmarkRequest = Required<Pick<Options, 'batch' | 'only'>>

/** A line of the benchmark's table, the adapter at its end, or what stopped it. */
export type BenchmarkReport =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'done'; readonly text: string }
  | { readonly kind: 'failed'; readonly text: string }

const tell = (report: BenchmarkReport): void => postMessage(report)

addEventListener('message', async ({ data }: MessageEvent<BenchmarkRequest>) => {
  try {
    tell({ kind: 'line', text: head })
    const { adapter } = await measure({ ...data, rounds: 5 }, (row) => tell({ kind: 'line', text: line(row) }))
    tell({ kind: 'done', text: `Batch ${data.batch}, ${adapter}` })
  } catch (error) {
    tell({ kind: 'failed', text: error instanceof Error ? error.message : String(error) })
  }
})
