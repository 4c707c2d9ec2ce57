import { measure } from '../../../benchmarks/webgpu/measure.ts'
import { head, line } from '../../../benchmarks/webgpu/table.ts'

/** A line of the benchmark's table, the adapter at its end, or what stopped it. */
export type BenchmarkReport =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'done'; readonly text: string }
  | { readonly kind: 'failed'; readonly text: string }

const tell = (report: BenchmarkReport): void => postMessage(report)

addEventListener('message', async () => {
  try {
    tell({ kind: 'line', text: head })
    const { adapter } = await measure({ batch: 8, rounds: 5 }, (row) => tell({ kind: 'line', text: line(row) }))
    tell({ kind: 'done', text: adapter })
  } catch (error) {
    tell({ kind: 'failed', text: error instanceof Error ? error.message : String(error) })
  }
})
