export { accuracy, formatPercent, topKAccuracy } from './accuracy.ts'
export type { LabelOptions } from './class-scores.ts'
export { type ConfusionCounts, classAccuracy, confusionMatrix } from './confusion-matrix.ts'
export { average, meanAbsoluteError, meanSquaredError, psnr } from './errors.ts'
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
export { type MeanState, weightedMean } from './weighted-mean.ts'
