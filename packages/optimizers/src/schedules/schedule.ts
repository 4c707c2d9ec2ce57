/** The learning rate of the update that follows `step` earlier ones (the first has step 0). */
export type Schedule = (step: number) => number

/** The same rate at every step. */
export function constant(learningRate: number): Schedule {
  if (!(learningRate >= 0 && Number.isFinite(learningRate))) {
    throw new RangeError(`expected a learningRate of at least 0, got ${learningRate}.`)
  }
  return () => learningRate
}

/** The `learningRate` option of an optimizer as a schedule. */
export const asSchedule = (learningRate: number | Schedule): Schedule =>
  typeof learningRate === 'function' ? learningRate : constant(learningRate)
