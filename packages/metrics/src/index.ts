export { accuracy, formatPercent, topKAccuracy } from './accuracy.ts'
export { type CalibrationOptions, calibrationError } from './calibration.ts'
export type { LabelOptions } from './class-scores.ts'
export {
  type CocoScoreName,
  type CocoScoreOptions,
  classAveragePrecision,
  cocoScoreNames,
  cocoScores,
  type Detections,
  meanAveragePrecision,
  type TrueBoxes,
} from './coco.ts'
export { type ConfusionCounts, classAccuracy, confusionMatrix } from './confusion-matrix.ts'
export { diceScore } from './dice.ts'
export { average, meanAbsoluteError, meanSquaredError, psnr } from './errors.ts'
export { frechetDistance } from './frechet-distance.ts'
export { classIou, meanIou } from './iou.ts'
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
export { perplexity } from './perplexity.ts'
export {
  type Average,
  type AverageOptions,
  type ClassScoreOptions,
  classF1,
  classPrecision,
  classRecall,
  f1,
  precision,
  recall,
} from './precision-recall.ts'
export { ssim } from './ssim.ts'
export { type MeanState, weightedMean } from './weighted-mean.ts'
