import type { KernelConfig } from '@tensorflow/tfjs-core'
import { reluGradientWebgpu } from './activation/relu-gradient.webgpu.ts'
import { softmaxWebgpu } from './activation/softmax.webgpu.ts'
import { cumsumWebgpu } from './array/cumsum.webgpu.ts'
import { extremumWebgpu } from './array/extremum.webgpu.ts'
import { comparisonsWebgpu } from './array/integers.webgpu.ts'
import { gatherWebgpu, oneHotWebgpu, scatterNdWebgpu, tensorScatterUpdateWebgpu } from './array/positions.webgpu.ts'
import { realFunctionsWebgpu } from './array/real-functions.webgpu.ts'
import { meanWebgpu, sumWebgpu } from './array/reduce.webgpu.ts'
import { cosineWebgpu, sineWebgpu } from './array/sine.webgpu.ts'
import { padWebgpu, reverseWebgpu, sliceWebgpu, stridedSliceWebgpu } from './array/strided.webgpu.ts'
import { tileWebgpu } from './array/tile.webgpu.ts'
import { topKIndicesWebgpu } from './array/top-k.webgpu.ts'
import { castWebgpu, fillWebgpu, selectWebgpu } from './array/values.webgpu.ts'
import { addBiasWebgpu } from './convolution/bias.webgpu.ts'
import { convolutionWebgpu, inputGradientWebgpu } from './convolution/conv2d.webgpu.ts'
import { conv2dFilterGradientWebgpu } from './convolution/conv2d-filter-gradient.webgpu.ts'
import { crossEntropyGradientWebgpu, crossEntropyWebgpu } from './loss/cross-entropy.webgpu.ts'
import { dividedSumGradientWebgpu, dividedSumWebgpu } from './loss/divided-sum.webgpu.ts'
import {
  batchNormGradientWebgpu,
  batchNormInferenceWebgpu,
  batchNormWebgpu,
} from './normalization/batch-norm.webgpu.ts'
import { groupNormGradientWebgpu, groupNormWebgpu } from './normalization/group-norm.webgpu.ts'
import { maxPool2dGradientWebgpu, maxPool2dWebgpu, maxPool2dWithIndicesWebgpu } from './pooling/max-pool2d.webgpu.ts'
import { gatherPlaneWebgpu, maxUnpool2dWebgpu } from './pooling/plane.webgpu.ts'
import { windowAverageWebgpu } from './pooling/window-average.webgpu.ts'
import { pixelShuffleWebgpu, pixelUnshuffleWebgpu } from './resampling/pixel-shuffle.webgpu.ts'
import { resampleAxisWebgpu } from './resampling/resample-axis.webgpu.ts'
import { adamUpdatesWebgpu, adamUpdateWebgpu } from './update/adam-update.webgpu.ts'
import { sgdUpdatesWebgpu } from './update/sgd-update.webgpu.ts'

export { integerWebgpu } from './array/integers.webgpu.ts'
export { matMulWebgpu } from './array/mat-mul.webgpu.ts'
export { concatWebgpu, packWebgpu, transposeWebgpu } from './array/strided.webgpu.ts'
export { allowArenas } from './kernels/webgpu-arena.ts'
export { type KernelVariant, useVariant, variantOf } from './kernels/webgpu-kernel.ts'

/** Our own kernels for the WebGPU backend; every other operator runs as its composition. */
export const webgpuKernels: readonly KernelConfig[] = [
  adamUpdatesWebgpu,
  adamUpdateWebgpu,
  addBiasWebgpu,
  batchNormGradientWebgpu,
  batchNormInferenceWebgpu,
  batchNormWebgpu,
  castWebgpu,
  ...comparisonsWebgpu,
  conv2dFilterGradientWebgpu,
  ...convolutionWebgpu,
  cosineWebgpu,
  crossEntropyGradientWebgpu,
  crossEntropyWebgpu,
  cumsumWebgpu,
  dividedSumGradientWebgpu,
  dividedSumWebgpu,
  ...extremumWebgpu,
  fillWebgpu,
  gatherPlaneWebgpu,
  gatherWebgpu,
  groupNormGradientWebgpu,
  groupNormWebgpu,
  ...inputGradientWebgpu,
  maxPool2dGradientWebgpu,
  maxPool2dWebgpu,
  maxPool2dWithIndicesWebgpu,
  maxUnpool2dWebgpu,
  meanWebgpu,
  oneHotWebgpu,
  padWebgpu,
  pixelShuffleWebgpu,
  pixelUnshuffleWebgpu,
  ...realFunctionsWebgpu,
  reluGradientWebgpu,
  resampleAxisWebgpu,
  reverseWebgpu,
  scatterNdWebgpu,
  selectWebgpu,
  sgdUpdatesWebgpu,
  sineWebgpu,
  sliceWebgpu,
  softmaxWebgpu,
  stridedSliceWebgpu,
  sumWebgpu,
  tensorScatterUpdateWebgpu,
  tileWebgpu,
  topKIndicesWebgpu,
  ...windowAverageWebgpu,
]
