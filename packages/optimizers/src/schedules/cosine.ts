import { expectCount, expectNonNegative } from '../option-checks.ts'
import type { Schedule } from './schedule.ts'

export interface CosineOptions {
  /** The first rate. */
  learningRate: number
  /** Updates until the lowest rate. */
  steps: number
  minLearningRate?: number
}

/**
 * Half a cosine wave from `learningRate` down to `minLearningRate`, which update `steps` would have:
 * `minLearningRate + (learningRate − minLearningRate) · (1 + cos(π · step / steps)) / 2`.
 *
 * @throws RangeError for options out of range, and for a step beyond `steps`
 * @see Loshchilov & Hutter 2017, "SGDR" (without restarts); torch.optim.lr_scheduler.CosineAnnealingLR
 */
export function cosine({ learningRate, steps, minLearningRate = 0 }: CosineOptions): Schedule {
  expectCount('cosine', { steps })
  expectNonNegative('cosine', { learningRate, minLearningRate })
  return (step) => {
    // PyTorch's wave would rise again.
    if (!(step >= 0 && step <= steps)) {
      throw new RangeError(
        `cosine: expected a step of at most its ${steps} steps, got ${step}. Give it the steps of the whole run.`,
      )
    }
    return minLearningRate + ((learningRate - minLearningRate) * (1 + Math.cos((Math.PI * step) / steps))) / 2
  }
}
