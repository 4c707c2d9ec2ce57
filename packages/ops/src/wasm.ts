import type { KernelConfig } from '@tensorflow/tfjs-core'
import { reluWasm } from './activation/relu.wasm.ts'
import { cumsumWasm } from './array/cumsum.wasm.ts'
import { maximumWasm, minimumWasm } from './array/extremum.wasm.ts'
import { identityWasm } from './array/identity.wasm.ts'
import { matMulWasm } from './array/mat-mul.wasm.ts'
import { meanWasm, sumWasm } from './array/reduce.wasm.ts'
import { tileWasm } from './array/tile.wasm.ts'
import { cosWasm, sinWasm } from './array/trigonometry.wasm.ts'
import { addBiasWasm } from './convolution/bias.wasm.ts'
import { conv2dWasm } from './convolution/conv2d.wasm.ts'
import { conv2dFilterGradientWasm } from './convolution/conv2d-filter-gradient.wasm.ts'
import { conv2dInputGradientWasm } from './convolution/conv2d-input-gradient.wasm.ts'
import { crossEntropyGradientWasm, crossEntropyWasm } from './loss/cross-entropy.wasm.ts'
import { batchNormGradientWasm, batchNormWasm } from './normalization/batch-norm.wasm.ts'
import { groupNormGradientWasm, groupNormWasm } from './normalization/group-norm.wasm.ts'
import { maxPool2dGradientWasm, maxPool2dWasm, maxPool2dWithIndicesWasm } from './pooling/max-pool2d.wasm.ts'
import { gatherPlaneWasm, maxUnpool2dWasm, scatterPlaneWasm } from './pooling/plane.wasm.ts'
import { adaptiveAvgPool2dWasm, avgPool2dWasm } from './pooling/window-average.wasm.ts'
import { pixelShuffleWasm, pixelUnshuffleWasm } from './resampling/pixel-shuffle.wasm.ts'
import { resampleAxisWasm } from './resampling/resample-axis.wasm.ts'
import { adamUpdateWasm } from './update/adam-update.wasm.ts'

export { isFused, startKernels, stopThreads, threadsOf } from './kernels/wasm-heap.ts'
export { checkFused } from './kernels/wasm-kernels.ts'

/** Our own kernels for the WASM backend; every other operator runs as its composition. */
export const wasmKernels: readonly KernelConfig[] = [
  adamUpdateWasm,
  addBiasWasm,
  ...adaptiveAvgPool2dWasm,
  ...avgPool2dWasm,
  batchNormGradientWasm,
  batchNormWasm,
  conv2dFilterGradientWasm,
  conv2dInputGradientWasm,
  conv2dWasm,
  cosWasm,
  crossEntropyGradientWasm,
  crossEntropyWasm,
  cumsumWasm,
  gatherPlaneWasm,
  groupNormGradientWasm,
  groupNormWasm,
  identityWasm,
  matMulWasm,
  maxPool2dGradientWasm,
  maxPool2dWasm,
  maxPool2dWithIndicesWasm,
  maxUnpool2dWasm,
  maximumWasm,
  meanWasm,
  minimumWasm,
  pixelShuffleWasm,
  pixelUnshuffleWasm,
  reluWasm,
  resampleAxisWasm,
  scatterPlaneWasm,
  sinWasm,
  sumWasm,
  tileWasm,
]
