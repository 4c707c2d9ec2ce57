import { type Module, openPass } from '@ddnet/layers'
import type { Measures } from '@ddnet/metrics'
import type { Key } from '@ddnet/ops'
import type { SeveralModels, SingleModel } from './options.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import type { Models } from './step.ts'

/**
 * Runs a model's step on a batch in inference.
 * @param step how many steps were done
 */
export function measureSingle<B, M extends Measures, Net extends Module>(
  { model, step: run }: Pick<SingleModel<B, M, Net>, 'model' | 'step'>,
  batch: B,
  key: Key,
  step: number,
): Outcome {
  const context = { model, key, step, training: false }
  return outcomeOf(
    openPass({ training: false, root: model }, () => run(batch, context)),
    batch,
  )
}

/**
 * Runs the `evaluate` of several models on a batch in inference.
 * @throws Error where there is none
 */
export function measureSeveral<B, M extends Measures, Nets extends Models>(
  { models, evaluate }: SeveralModels<B, M, Nets>,
  batch: B,
  key: Key,
  step: number,
): Outcome {
  if (evaluate === undefined) throw new Error(`evaluate: ${withoutEvaluate}.`)
  return outcomeOf(
    openPass({ training: false, root: models }, () => evaluate(batch, { models, key, step })),
    batch,
  )
}

export const withoutEvaluate = 'a trainer of several models needs `evaluate` beside `step`, to measure them'
