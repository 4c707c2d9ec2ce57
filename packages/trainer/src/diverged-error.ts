/** A training run whose loss or weights stopped being finite numbers. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError'

  constructor(
    /** The step, from 1, whose value is not finite. */
    readonly step: number,
    readonly learningRate: number,
    /** What is not finite, with its value: `the loss is NaN`. */
    what: string,
    /** The path of the module that was the first, where it is known: `decoder.1.norm`. */
    readonly layer?: string,
  ) {
    super(
      `Training diverged at step ${step}: ${what} (learning rate ${Number(learningRate.toPrecision(4))}). Lower the learning rate or clip the gradients.`,
    )
  }
}
