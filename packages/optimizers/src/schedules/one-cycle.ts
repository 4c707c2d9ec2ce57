import { lastItem } from '@ddnet/ops/checks'
import { expectCount, expectNonNegative } from '../option-checks.ts'
import type { Schedule } from './schedule.ts'

export interface OneCycleOptions {
  /** The highest learning rate. */
  maxLearningRate: number
  /** Updates of the whole run. */
  steps: number
  /** The share of the steps that rise. */
  pctStart?: number
  /** `maxLearningRate / divFactor` is the first rate. */
  divFactor?: number
  /** The first rate divided by this is the last one. */
  finalDivFactor?: number
  annealStrategy?: 'cos' | 'linear'
  /** Fall back to the first rate as slowly as it rose, then to the last one. */
  threePhase?: boolean
}

/**
 * One cycle: the rate rises from `maxLearningRate / divFactor` to
 * `maxLearningRate`, then falls to `maxLearningRate / divFactor / finalDivFactor`,
 * which it reaches at the last step.
 *
 * @throws RangeError for options out of range, and for a step beyond `steps`
 * @see Smith & Topin 2019, "Super-convergence"; torch.optim.lr_scheduler.OneCycleLR
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const { maxLearningRate, steps, pctStart = 0.3, divFactor = 25, finalDivFactor = 1e4 } = options
  const { annealStrategy = 'cos', threePhase = false } = options
  expectCount('oneCycle', { steps })
  expectNonNegative('oneCycle', { maxLearningRate })
  if (!(pctStart >= 0 && pctStart <= 1)) {
    throw new RangeError(`oneCycle: expected pctStart from 0 to 1, got ${pctStart}.`)
  }
  if (!(divFactor > 0 && finalDivFactor > 0)) {
    throw new RangeError(
      `oneCycle: expected divFactor and finalDivFactor above 0, got ${divFactor} and ${finalDivFactor}.`,
    )
  }
  const initial = maxLearningRate / divFactor
  const final = initial / finalDivFactor
  const top = pctStart * steps - 1 // PyTorch's: may be a fraction, the highest rate then lies between two steps
  const last = steps - 1
  const phases = threePhase
    ? [
        { begin: 0, end: top, from: initial, to: maxLearningRate },
        { begin: top, end: 2 * top, from: maxLearningRate, to: initial },
        { begin: 2 * top, end: last, from: initial, to: final },
      ]
    : [
        { begin: 0, end: top, from: initial, to: maxLearningRate },
        { begin: top, end: last, from: maxLearningRate, to: final },
      ]
  const anneal = annealStrategy === 'cos' ? cosineBetween : linearBetween
  return (step) => {
    if (!(step >= 0 && step < steps)) {
      throw new RangeError(
        `oneCycle: expected a step below its ${steps} steps, got ${step}. Give it the steps of the whole run.`,
      )
    }
    const phase = phases.find(({ end }) => step <= end) ?? lastItem(phases)
    // A phase without length has nowhere to go: it stands at its end.
    const share = phase.end === phase.begin ? 1 : (step - phase.begin) / (phase.end - phase.begin)
    return anneal(phase.from, phase.to, share)
  }
}

/** Half a cosine wave from `from` (share 0) to `to` (share 1). */
const cosineBetween = (from: number, to: number, share: number): number =>
  to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share))

const linearBetween = (from: number, to: number, share: number): number => from + (to - from) * share
