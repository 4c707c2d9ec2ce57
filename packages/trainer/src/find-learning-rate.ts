import type { Module } from '@ddnet/layers'
import type { Measures } from '@ddnet/metrics'
import { itemAt } from '@ddnet/ops/checks'
import type { Optimizer, Schedule } from '@ddnet/optimizers'
import type { Callback } from './callback.ts'
import { DivergedError } from './diverged-error.ts'
import type { StepEvent } from './events.ts'
import type { SeveralModels, SingleModel, TrainingData } from './options.ts'
import type { Models } from './step.ts'
import { Trainer } from './trainer.ts'

interface SweepOptions<B> {
  readonly data: TrainingData<B>
  /** The first and the last rate. */
  readonly from?: number
  readonly to?: number
  readonly steps?: number
  /** How much of the past the smoothed loss keeps: 0 is none. */
  readonly smoothing?: number
  /** Ends the sweep with what it has. */
  readonly signal?: AbortSignal
  readonly onStep?: (point: LearningRatePoint) => void
}

/** A trainer of one model, but for its optimizer, which gets the rates of the sweep: `(learningRate) => adam({ learningRate })`. */
export interface SingleSweep<B, M extends Measures, Net extends Module>
  extends SingleModel<B, M, Net>,
    SweepOptions<B> {
  readonly optimizer: (learningRate: Schedule) => Optimizer
}

/** A trainer of several models, all at the same rate. */
export interface SeveralSweep<B, M extends Measures, Nets extends Models>
  extends SeveralModels<B, M, Nets>,
    SweepOptions<B> {
  readonly optimizers: (learningRate: Schedule) => { readonly [Name in keyof NoInfer<Nets>]: Optimizer }
}

export interface LearningRatePoint {
  readonly step: number
  readonly learningRate: number
  readonly loss: number
  readonly smoothed: number
}

export interface LearningRateSweep {
  /**
   * Where the loss falls most steeply with the logarithm of the rate, before the smoothed loss is at its least; undefined
   * where it never falls. The slope is that of the straight line that fits a fifth of the sweep best, in the least squares:
   * single losses are too noisy, and the smoothed ones come too late.
   */
  readonly suggestion: number | undefined
  readonly points: readonly LearningRatePoint[]
  /** Whether the loss rose out of bounds (above four times its least, or no number) before the last rate. */
  readonly exploded: boolean
}

/**
 * Trains for some steps with a learning rate that grows from `from` to `to` by the same factor each step, and suggests one.
 * The loss is smoothed as `sₙ = smoothing · sₙ₋₁ + (1 − smoothing) · lossₙ`, divided by `1 − smoothingⁿ`.
 *
 * Models and loader are afterwards what they were before.
 *
 * @throws RangeError for options out of range; what training throws
 * @see Smith 2017, "Cyclical learning rates for training neural networks"
 * @example const { suggestion } = await findLearningRate({ model, data: { train }, step, optimizer: (learningRate) => adam({ learningRate }) })
 */
export function findLearningRate<B, M extends Measures, Net extends Module>(
  options: SingleSweep<B, M, Net>,
): Promise<LearningRateSweep>
export function findLearningRate<B, M extends Measures, Nets extends Models>(
  options: SeveralSweep<B, M, Nets>,
): Promise<LearningRateSweep>
export async function findLearningRate<B, M extends Measures, Net extends Module, Nets extends Models>(
  options: SingleSweep<B, M, Net> | SeveralSweep<B, M, Nets>,
): Promise<LearningRateSweep> {
  const { from = 1e-6, to = 1, steps = 100, smoothing = 0.9, signal, onStep, data } = options
  if (!(from > 0 && to > from && Number.isFinite(to))) {
    throw new RangeError(`findLearningRate: expected 0 < from < to, got from ${from} and to ${to}.`)
  }
  if (!Number.isSafeInteger(steps) || steps < 10) {
    throw new RangeError(`findLearningRate: expected steps to be a whole number of at least 10, got ${steps}.`)
  }
  if (!(smoothing >= 0 && smoothing < 1)) {
    throw new RangeError(`findLearningRate: expected smoothing of at least 0 and below 1, got ${smoothing}.`)
  }
  const factor = (to / from) ** (1 / (steps - 1))
  const points: LearningRatePoint[] = []
  let mean = 0
  let exploded = false
  const add = ({ step, learningRate, loss }: StepEvent): LearningRatePoint => {
    mean = smoothing * mean + (1 - smoothing) * loss
    const point = { step, learningRate, loss, smoothed: mean / (1 - smoothing ** (points.length + 1)) }
    points.push(point)
    return point
  }
  const rate: Schedule = (step) => from * factor ** step
  const watch: Callback = {
    name: 'findLearningRate',
    onStep(event, control) {
      if (exploded) return // steps that were under way
      if (Number.isNaN(event.loss)) return // one of which nothing counted: it tells nothing of its rate
      const point = add(event)
      onStep?.(point)
      exploded = point.smoothed > 4 * Math.min(...points.map(({ smoothed }) => smoothed))
      if (exploded) control.stop()
    },
  }
  const callbacks = [watch]
  const trainer =
    'optimizer' in options
      ? new Trainer({ ...options, optimizer: options.optimizer(rate), callbacks })
      : new Trainer({ ...options, optimizers: options.optimizers(rate), callbacks })
  const models: readonly Module[] = 'optimizer' in options ? [options.model] : Object.values(options.models)
  const weights = await Promise.all(models.map((model) => model.stateDict()))
  const { train } = data
  const position = train.state()
  try {
    train.restore({ ...position, position: 0 }) // `fit` begins with a whole epoch
    await trainer.fit({ data: { train }, steps, ...(signal && { signal }) })
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error
    exploded = true
  } finally {
    for (const [at, model] of models.entries()) model.loadStateDict(itemAt(weights, at))
    train.restore(position)
  }
  return { suggestion: steepest(points), points, exploded }
}

/** The rate in the middle of the fifth of the points whose losses fall most. */
function steepest(points: readonly LearningRatePoint[]): number | undefined {
  const half = Math.max(1, Math.round(points.length / 10))
  // Not among the first ones: means of few losses, of which one may be the least by chance.
  const least = Math.min(...points.slice(half).map(({ smoothed }) => smoothed))
  const end = Math.min(points.findLastIndex(({ smoothed }) => smoothed === least) + 1, points.length - half)
  let suggestion: number | undefined
  let steepest = 0
  // The rates are a geometric sequence: the slopes are those by the logarithm, but for one factor.
  for (let at = half; at < end; at++) {
    let slope = 0
    for (let beside = -half; beside <= half; beside++) slope += beside * (points[at + beside]?.loss as number)
    if (slope < steepest) {
      steepest = slope
      suggestion = points[at]?.learningRate
    }
  }
  return suggestion
}
