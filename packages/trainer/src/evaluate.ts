import type { Loader } from '@ddnet/datasets'
import type { Module } from '@ddnet/layers'
import type { Measures } from '@ddnet/metrics'
import { type Key, random, tidy } from '@ddnet/ops'
import { disposeBatch } from './batch.ts'
import type { EvaluateOptions } from './learner.ts'
import { macrotask } from './macrotask.ts'
import { measureSingle } from './measure-batch.ts'
import type { SingleModel } from './options.ts'
import { cloned, numbered, type Outcome, tensorsOfOutcome } from './outcome.ts'
import { type MeasuredBatch, readBatch } from './read-batch.ts'
import { addBatch, countsForNothing, emptyRunning, type Running, scoresOf } from './running.ts'
import type { ScoresOf } from './step.ts'

/** The same in each validation, so that they can be compared. */
export const evaluationKey: Key = random.key(0).fold('evaluation')

export interface EvaluationOptions<B, M extends Measures, Net extends Module>
  extends Pick<SingleModel<B, M, Net>, 'model' | 'step' | 'models'> {
  readonly data: Loader<B>
  /** The randomness of steps that draw in an evaluation. */
  readonly key?: Key
}

/**
 * Loss and metrics of a model over one epoch of `data`, in inference, without a trainer.
 *
 * @param options.step as a trainer's
 * @throws Error where nothing counts, as where all labels are ignored: there is no mean then
 * @example const { loss, confusion } = await evaluate({ model, data: loader(test, { batchSize: 500 }), step })
 */
export async function evaluate<B, M extends Measures, Net extends Module>({
  data,
  key = evaluationKey,
  ...options
}: EvaluationOptions<B, M, Net>): Promise<ScoresOf<M>> {
  const measured = await evaluateBatches(data, { key, step: 0, stopped: () => false }, (batch, key) =>
    measureSingle(options, batch, key, 0),
  )
  return scoresOf(measured as Running) as ScoresOf<M> // nothing stopped it; one value for each measure of M
}

/**
 * Losses and measures over one epoch of `loader`. Each batch's mean counts by its weight, so that they are those of one batch of
 * all samples; one of weight 0 counts not at all. While one batch's results are read, the next one is already computed.
 *
 * @param measure runs the models on a batch
 * @returns undefined when it was stopped
 * @throws Error where nothing counts, as where all labels are ignored: there is no mean then
 */
export async function evaluateBatches<B>(
  loader: Loader<B>,
  { key, stopped }: EvaluateOptions,
  measure: (batch: B, key: Key) => Outcome,
): Promise<Running | undefined> {
  let running = emptyRunning
  let reading: Promise<MeasuredBatch> | undefined
  let count = 0
  for await (const batch of loader) {
    try {
      const outcome = outOfTidy(() => measure(batch, key.fold(count++)))
      const previous = reading
      reading = readBatch(batch, outcome)
      if (previous !== undefined) running = addBatch(running, await previous)
    } catch (error) {
      await reading?.catch(() => {}) // it disposes what it holds
      disposeBatch(batch)
      throw error
    }
    await macrotask()
    if (stopped()) {
      await reading
      return undefined
    }
  }
  if (reading === undefined) throw new Error('evaluate: the loader gave no batches.')
  running = addBatch(running, await reading)
  for (const [name, state] of Object.entries(running.losses)) {
    if (!countsForNothing(state)) continue
    throw new Error(
      `evaluate: no target counts${name === 'loss' ? '' : ` for the loss '${name}'`}, so that it has no mean: all labels are ignored, or their classes weigh 0. Check the labels, ignoreIndex and classWeights.`,
    )
  }
  return running
}

/** What `run` makes, of whose tensors only those of the outcome are left. */
export function outOfTidy(run: () => Outcome): Outcome {
  let outcome: Outcome | undefined
  tidy(() => {
    outcome = cloned(run())
    return numbered(tensorsOfOutcome(outcome)) // all that tidy is to see: a measure holds tensors of its own
  })
  return outcome as unknown as Outcome // set above
}
