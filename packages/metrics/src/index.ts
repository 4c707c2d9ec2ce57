export { type AccuracyState, accuracy } from './accuracy.ts'
export { classAccuracy } from './class-accuracy.ts'
export { type ConfusionCounts, confusionMatrix } from './confusion-matrix.ts'
export {
  type Direction,
  type Measure,
  type Measures,
  type StateMeasureOptions,
  type SumMeasureOptions,
  stateMeasure,
  sumMeasure,
  type ValuesOf,
} from './measure.ts'
export type { Metric } from './metric.ts'
export type { LabelOptions } from './predicted-classes.ts'
export { type MeanState, weightedMean } from './weighted-mean.ts'
