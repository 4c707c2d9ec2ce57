import type { Batch, ClassificationSample, Loader } from '@ddnet/datasets'
import type { RunTask } from '@ddnet/experiment'
import type { ModuleOf } from '@ddnet/layers'
import { evaluate, type Json } from '@ddnet/trainer'
import type { Split } from '../data/labelled-images.ts'

/** How a model does on images that it was not trained on. */
export interface Evaluation {
  readonly split: Split
  /** `accuracy 71.30% (7,130 of 10,000 images), loss 0.8231` */
  readonly headline: string
  readonly table?: ReportTable | undefined
  /** The figures, as result.json and `--json` have them. */
  readonly figures: Readonly<Record<string, Json>>
}

type TaskReport = ReturnType<RunTask['views']['report']>
export type ReportTable = NonNullable<TaskReport['table']>

/** An evaluation as result.json and `--json` have it. */
export const resultOf = ({ split, headline, figures }: Evaluation): Readonly<Record<string, Json>> => ({
  split,
  headline,
  ...figures,
})

/** Measures the model on everything that the loader gives. */
export async function evaluateModel(
  model: ModuleOf,
  images: Loader<Batch<ClassificationSample>>,
  task: RunTask,
): Promise<Omit<Evaluation, 'split'>> {
  const { headline, table, json } = task.views.report(await evaluate({ model, data: images, step: task.evaluate }))
  return { headline, figures: json, ...(table !== undefined && { table }) }
}

/** The same loader, telling after each batch how many were taken. */
export function counted<B>(loader: Loader<B>, onBatch: (done: number, total: number) => void): Loader<B> {
  return {
    length: loader.length,
    state: () => loader.state(),
    restore: (state) => loader.restore(state),
    async *[Symbol.asyncIterator]() {
      let done = 0
      for await (const batch of loader) {
        yield batch
        onBatch(++done, loader.length)
      }
    },
  }
}
