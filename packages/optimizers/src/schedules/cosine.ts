import { expectCount, expectNonNegative } from '../option-checks.ts'
import type { Schedule } from './schedule.ts'

export interface CosineOptions {
  /** The first rate. */
  learningRate: number
  /** Updates until the lowest rate. */
  steps: number
  minimum?: number
}

/**
 * Half a cosine wave from `learningRate` down to `minimum`, which update `steps` would have:
 * `minimum + (learningRate − minimum) · (1 + cos(π · step / steps)) / 2`.
 *
 * @throws RangeError for options out of range, and for a step beyond `steps`
 * @see Loshchilov & Hutter 2017, "SGDR" (without restarts); torch.optim.lr_scheduler.CosineAnnealingLR
 */
export function cosine({ learningRate, steps, minimum = 0 }: CosineOptions): Schedule {
  expectCount('cosine', { steps })
  expectNonNegative('cosine', { learningRate, minimum })
  return (step) => {
    // PyTorch's wave would rise again.
    if (!(step >= 0 && step <= steps)) {
      throw new RangeError(
        `cosine: expected a step of at most its ${steps} steps, got ${step}. Give it the steps of the whole run.`,
      )
    }
    return minimum + ((learningRate - minimum) * (1 + Math.cos((Math.PI * step) / steps))) / 2
  }
}
