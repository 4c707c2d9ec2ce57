import { expectCount, expectNonNegative } from '../option-checks.ts'
import type { Schedule } from './schedule.ts'

export interface CosineWarmRestartsOptions {
  /** The first rate of each cycle. */
  learningRate: number
  /** Updates of the first cycle. */
  steps: number
  /** How many times longer each cycle is than the one before. */
  tMult?: number
  minLearningRate?: number
}

/**
 * SGDR: half cosine waves from `learningRate` down towards `minLearningRate`, each of which begins with the highest rate again:
 * `minLearningRate + (learningRate − minLearningRate) · (1 + cos(π · t / T)) / 2` in update `t` of a cycle of `T`. The cycles have
 * `steps`, `steps · tMult`, `steps · tMult²` … updates.
 *
 * @throws RangeError for options out of range
 * @see Loshchilov & Hutter 2017, "SGDR: stochastic gradient descent with warm restarts"; torch.optim.lr_scheduler.CosineAnnealingWarmRestarts
 */
export function cosineWarmRestarts(options: CosineWarmRestartsOptions): Schedule {
  const { learningRate, steps, tMult = 1, minLearningRate = 0 } = options
  expectCount('cosineWarmRestarts', { steps, tMult })
  expectNonNegative('cosineWarmRestarts', { learningRate, minLearningRate })
  return (step) => {
    let length = steps
    let at = step
    if (tMult === 1) at = step % steps
    else {
      while (at >= length) {
        at -= length
        length *= tMult
      }
    }
    return minLearningRate + ((learningRate - minLearningRate) * (1 + Math.cos((Math.PI * at) / length))) / 2
  }
}
