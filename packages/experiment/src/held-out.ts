import type { Dataset, Loader } from '@ddnet/datasets'
import type { ModuleOf } from '@ddnet/layers'
import type { ReportTable } from '@ddnet/tasks'
import { evaluate, type Json } from '@ddnet/trainer'
import type { DataSplits } from './definitions.ts'
import { measureGenerated } from './measure-generated.ts'
import { evaluationBatchSize } from './memory.ts'
import { evaluationLoader, type LoadedData, type RunTask } from './parts.ts'
import type { Config } from './settings/config.ts'

export type Split = 'test' | 'validation'

/** Samples that nothing was trained on, and what they are for. */
export interface HeldOut<S> {
  readonly split: Split
  readonly samples: Dataset<S>
}

/**
 * What a finished run is measured on: the test samples, else those that it chose by.
 *
 * @throws Error for data that has neither
 */
export function heldOut<S>({ validation, test }: Pick<DataSplits<S>, Split>): HeldOut<S> {
  if (test !== undefined) return { split: 'test', samples: test }
  if (validation !== undefined) return { split: 'validation', samples: validation }
  throw new Error('the data has no test and no validation samples to measure on. Add them, or set data.validation=0.2.')
}

/** How a model does on samples that it was not trained on. */
export interface Evaluation {
  readonly split: Split
  /** `accuracy 71.30% (7,130 of 10,000 images), loss 0.8231` */
  readonly headline: string
  readonly table?: ReportTable | undefined
  /** The figures, as result.json and `--json` have them: how many images, and what the task tells of its scores. */
  readonly figures: Readonly<Record<string, Json>>
}

/** An evaluation as result.json and `--json` have it. */
export const resultOf = ({ split, headline, figures }: Evaluation): Readonly<Record<string, Json>> => ({
  split,
  headline,
  ...figures,
})

/**
 * Measures a model on all that is held out for it. A run ends with this and `ddnet eval` is this, so that both say the same.
 *
 * @param onBatch told after each batch how many were taken
 */
export async function evaluateHeldOut(
  { model, task, config, data }: { model: ModuleOf; task: RunTask; config: Config; data: LoadedData },
  onBatch: (done: number, total: number, split: Split) => void = () => {},
): Promise<Evaluation> {
  const { split, samples } = heldOut(data)
  const batches = evaluationLoader(samples, config, evaluationBatchSize(model, config, data.facts.image))
  const watched = counted(batches, (done, total) => onBatch(done, total, split))
  const { headline, table, json } = task.views.report(await evaluate({ model, data: watched, step: task.evaluate }))
  const measured = { headline, figures: { images: samples.length, ...json }, ...(table !== undefined && { table }) }
  const { images } = config.task.options
  if (task.generation === undefined || typeof images !== 'number' || images === 0) return { split, ...measured }
  const generated = await measureGenerated({ model, task, facts: data.facts }, samples, images, (done, total) =>
    onBatch(done, total, split),
  )
  const { frechetDistance: distance, generatedImages: count } = generated
  return {
    split,
    ...measured,
    headline: `${headline}; Fréchet distance ${distance.toFixed(2)} of ${count.toLocaleString('en-US')} images`,
    figures: { ...measured.figures, ...generated },
  }
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
