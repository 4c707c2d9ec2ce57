/** A mean under way. */
export interface MeanState {
  readonly sum: number
  readonly weight: number
}

/**
 * The mean of numbers with weights, `Σ wᵢxᵢ / Σ wᵢ`, as a mergeable state: the mean loss over batches of different sizes.
 * NaN without numbers. One of weight 0 counts for nothing, NaN too: it is the mean of nothing.
 */
export const weightedMean = {
  init: (): MeanState => ({ sum: 0, weight: 0 }),
  update: (state: MeanState, value: number, weight: number): MeanState =>
    weight === 0 ? state : { sum: state.sum + value * weight, weight: state.weight + weight },
  merge: (a: MeanState, b: MeanState): MeanState => ({ sum: a.sum + b.sum, weight: a.weight + b.weight }),
  compute: ({ sum, weight }: MeanState): number => sum / weight,
}
