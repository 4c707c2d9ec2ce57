/** What a metric computes: a number, one per class, or a matrix. */
export type MetricValue = number | readonly number[] | readonly (readonly number[])[]

/** The mean loss and the value of every metric, by the names given to the trainer. */
export type Scores = { readonly loss: number } & { readonly [metric: string]: MetricValue }
