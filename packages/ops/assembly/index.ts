export { adam } from './adam'
export { addBias } from './add-bias'
export {
  finishGradient,
  finishMean,
  finishVariance,
  normalize,
  spreadGradient,
  startGradient,
  sumGradients,
  sumRows,
  sumSquares,
} from './batch-norm'
export { convolve } from './convolution'
export { crossEntropy, crossEntropyGradient } from './cross-entropy'
export { depthwise, depthwiseFilterGradient, packLanes } from './depthwise'
export { extremum } from './extremum'
export { filterGradient } from './filter-gradient'
export { finishGroupNormGradient, groupNorm, groupNormGradient } from './group-norm'
export { layerNorm, layerNormGradient } from './layer-norm'
export { matMul } from './mat-mul'
export { maxPool, maxPoolGradient } from './max-pool'
export { packWeights } from './pack-weights'
export { pixelShuffle, pixelUnshuffle } from './pixel-shuffle'
export { gatherPlane, scatterPlane } from './plane'
export { resize } from './resize'
export { sumAxis } from './sum-axis'
export { tile } from './tile'
export { windowAverage } from './window-average'
