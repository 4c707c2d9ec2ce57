/** A mean under way. */
export interface MeanState {
  readonly sum: number
  readonly weight: number
}

/**
 * The mean of numbers with weights, `Σ wᵢxᵢ / Σ wᵢ`, as a mergeable state: the mean loss over batches of different sizes.
 * NaN without numbers.
 */
export const weightedMean = {
  init: (): MeanState => ({ sum: 0, weight: 0 }),
  update: (state: MeanState, value: number, weight: number): MeanState => ({
    sum: state.sum + value * weight,
    weight: state.weight + weight,
  }),
  merge: (a: MeanState, b: MeanState): MeanState => ({ sum: a.sum + b.sum, weight: a.weight + b.weight }),
  compute: ({ sum, weight }: MeanState): number => sum / weight,
}
