/** Where a metric's expected values come from, and how near to them it must be on every backend, relative to the value or to 1. */
export interface Reference {
  readonly of: string
  readonly within: number
}

/** By metric. What is counted in whole numbers is exact; what the device computes is as exact as float32. */
export const references: Readonly<Record<string, Reference>> = {
  accuracy: { of: 'numpy, mean(argmax == label)', within: 1e-12 },
  topKAccuracy: { of: 'numpy, the label among the largest', within: 1e-12 },
  confusionMatrix: { of: 'sklearn.metrics.confusion_matrix', within: 1e-12 },
  precision: { of: 'sklearn.metrics.precision_recall_fscore_support', within: 1e-12 },
  recall: { of: 'sklearn.metrics.precision_recall_fscore_support', within: 1e-12 },
  f1: { of: 'sklearn.metrics.precision_recall_fscore_support', within: 1e-12 },
  classPrecision: { of: 'the same, average=None', within: 1e-12 },
  classRecall: { of: 'the same, average=None', within: 1e-12 },
  classF1: { of: 'the same, average=None', within: 1e-12 },
  meanIou: { of: 'sklearn.metrics.jaccard_score', within: 1e-12 },
  classIou: { of: 'the same, average=None', within: 1e-12 },
  diceScore: { of: 'numpy, of each picture and class', within: 1e-12 },
  calibrationError: { of: 'numpy, as in temperature_scaling by Guo et al.', within: 1e-6 },
  perplexity: { of: 'numpy and scipy.special.logsumexp', within: 1e-5 },
  psnr: { of: 'skimage.metrics.peak_signal_noise_ratio', within: 1e-5 },
  ssim: { of: 'skimage.metrics.structural_similarity', within: 1e-5 },
  frechetDistance: { of: 'scipy.linalg.sqrtm; eigenvalues by numpy where singular', within: 1e-6 },
  classAveragePrecision: { of: 'pycocotools.cocoeval.COCOeval, by category', within: 1e-12 },
  cocoScores: { of: 'pycocotools.cocoeval.COCOeval, all twelve', within: 1e-12 },
  meanAveragePrecision: { of: 'pycocotools.cocoeval.COCOeval', within: 1e-12 },
}
