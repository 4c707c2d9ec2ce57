export {
  type DataType,
  dispose,
  engine,
  getBackend,
  keep,
  memory,
  type Rank,
  ready,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tidy,
} from '@tensorflow/tfjs-core'
export { type Activation, activate, relu, sigmoid, tanh } from './activation/activations.ts'
export { celu, elu, selu } from './activation/elu.ts'
export { hardSigmoid, hardSwish, hardTanh, leakyRelu, prelu, relu6 } from './activation/piecewise.ts'
export { gelu, logSigmoid, mish, silu, softsign } from './activation/smooth.ts'
export { logSoftmax, softmax } from './activation/softmax.ts'
export { type SoftplusOptions, softplus } from './activation/softplus.ts'
export { scatter, scatterAdd, takeAlongAxis } from './array/along-axis.ts'
export { all, any } from './array/any-all.ts'
export { argMax, argMin } from './array/arg-max.ts'
export {
  abs,
  add,
  div,
  exp,
  log,
  maximum,
  minimum,
  mul,
  neg,
  rsqrt,
  sqrt,
  square,
  squaredDifference,
  sub,
} from './array/arithmetic.ts'
export { cast, clone } from './array/cast.ts'
export { type ClampOptions, clamp } from './array/clamp.ts'
export { equal, greater, greaterEqual, less, lessEqual, notEqual } from './array/compare.ts'
export { ones, onesLike, scalar, tensor, zeros, zerosLike } from './array/create.ts'
export { type CumsumOptions, cumsum } from './array/cumsum.ts'
export { detach } from './array/detach.ts'
export { diag, eye, trace } from './array/diagonal.ts'
export { fromHost, type HostTensor, permuteHost, toHost } from './array/host-tensor.ts'
export { linear } from './array/linear.ts'
export { logSumExp } from './array/log-sum-exp.ts'
export { isFinite, isNaN, logicalAnd, logicalNot, logicalOr } from './array/logical.ts'
export { matMul } from './array/mat-mul.ts'
export { type NormOptions, norm } from './array/norm.ts'
export { pow, reciprocal } from './array/pow.ts'
export { prod } from './array/prod.ts'
export { broadcastTo, expandDims, reverse, roll, squeeze } from './array/rearrange.ts'
export { max, mean, min } from './array/reduce.ts'
export { ceil, floor, round, sign } from './array/round.ts'
export { gather, oneHot } from './array/select.ts'
export { concat, padConstant, reshape, slice, stack, transpose } from './array/shape.ts'
export { chunk, split, unstack } from './array/split.ts'
export { sum, tile } from './array/sum.ts'
export { argSort, type SortOptions, sort, type TopKOptions, topK, type ValuesWithIndices } from './array/top-k.ts'
export { cos, erf, expm1, log1p, sin } from './array/transcendental.ts'
export { std, type VarianceOptions, variance } from './array/variance.ts'
export { where } from './array/where.ts'
export { type AttentionOptions, scaledDotProductAttention } from './attention/scaled-dot-product-attention.ts'
export { defineOwnOp as defineOp, type Op, type OpDefinition } from './autodiff/define-op.ts'
export {
  grad,
  grads,
  keepAll,
  NoPathError,
  valueAndGrads,
  valueAndSomeGrads,
} from './autodiff/differentiate.ts'
export { ShapeError } from './checks/shape-error.ts'
export { type ConvTranspose1dOptions, convTranspose1d } from './convolution/conv-transpose1d.ts'
export { type ConvTranspose2dOptions, convTranspose2d } from './convolution/conv-transpose2d.ts'
export { type Conv1dOptions, conv1d } from './convolution/conv1d.ts'
export { type Conv2dOptions, conv2d } from './convolution/conv2d.ts'
export {
  type DepthwiseConv2dOptions,
  depthwiseConv2d,
  type SeparableConv2dOptions,
  separableConv2d,
} from './convolution/depthwise-conv2d.ts'
export type { ConvolutionGeometry, Padding, Pair, Size } from './convolution/geometry.ts'
export { type DropoutOptions, dropout } from './dropout/dropout.ts'
export { type EmbeddingOptions, embedding } from './embedding/embedding.ts'
export { type Backend, BackendUnavailable } from './kernels/backend.ts'
export { onShapes, placeholder } from './kernels/on-shapes.ts'
export {
  type Reduction,
  type SoftmaxCrossEntropyOptions,
  softmaxCrossEntropy,
  softmaxCrossEntropyMean,
  type WeightedMean,
} from './loss/cross-entropy.ts'
export type { AffineOptions } from './normalization/affine.ts'
export { type BatchNormOptions, type BatchNormResult, batchNorm } from './normalization/batch-norm.ts'
export { type GroupNormOptions, groupNorm } from './normalization/group-norm.ts'
export { instanceNorm } from './normalization/instance-norm.ts'
export { type LayerNormOptions, layerNorm } from './normalization/layer-norm.ts'
export { type PadMode, type PadOptions, pad } from './padding/pad.ts'
export { type AdaptiveSize, adaptiveAvgPool2d } from './pooling/adaptive-avg-pool2d.ts'
export { adaptiveMaxPool2d } from './pooling/adaptive-max-pool2d.ts'
export { type AvgPool2dOptions, avgPool2d } from './pooling/avg-pool2d.ts'
export {
  type MaxPool2dOptions,
  type MaxPool2dWithIndicesResult,
  maxPool2d,
  maxPool2dWithIndices,
} from './pooling/max-pool2d.ts'
export { type MaxUnpool2dOptions, maxUnpool2d } from './pooling/max-unpool2d.ts'
export { type AvgPool1dOptions, avgPool1d, type MaxPool1dOptions, maxPool1d } from './pooling/pool1d.ts'
export type { Key } from './random/index.ts'
export * as random from './random/index.ts'
export { type InterpolateOptions, type InterpolationMode, interpolate } from './resampling/interpolate.ts'
export { pixelShuffle, pixelUnshuffle } from './resampling/pixel-shuffle.ts'
export { type AdamAttributes, type AdamInputs, adamUpdate, adamUpdates } from './update/adam-update.ts'
export { type SgdAttributes, type SgdInputs, sgdUpdates } from './update/sgd-update.ts'
