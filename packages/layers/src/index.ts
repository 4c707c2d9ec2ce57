export {
  CELU,
  ELU,
  GELU,
  Hardsigmoid,
  Hardswish,
  Hardtanh,
  LeakyReLU,
  LogSigmoid,
  LogSoftmax,
  Mish,
  PReLU,
  ReLU,
  ReLU6,
  SELU,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Softsign,
  Tanh,
} from './activations.ts'
export { BatchNorm, type BatchNormConfig } from './batch-norm.ts'
export { BlurPool2d, type BlurPool2dConfig } from './blur-pool2d.ts'
export { ConvTranspose1d, type ConvTranspose1dConfig } from './conv-transpose1d.ts'
export { ConvTranspose2d, type ConvTranspose2dConfig } from './conv-transpose2d.ts'
export { Conv1d, type Conv1dConfig } from './conv1d.ts'
export { Conv2d, type Conv2dConfig } from './conv2d.ts'
export type { ConvolutionConfig, InitConfig, PaddingMode } from './convolution.ts'
export { DeconvBlock, type DeconvBlockConfig } from './deconv-block.ts'
export { DepthwiseConv2d, type DepthwiseConv2dConfig, SeparableConv2d } from './depthwise-conv2d.ts'
export type { Root } from './discover.ts'
export { Dropout, Dropout1d, Dropout2d } from './dropout.ts'
export { Embedding, type EmbeddingConfig } from './embedding.ts'
export { estimateMemory, type MemoryEstimate } from './estimate-memory.ts'
export { Flatten, Unflatten } from './flatten.ts'
export { GroupNorm, type GroupNormConfig } from './group-norm.ts'
export { Identity } from './identity.ts'
export { type InitRules, init } from './init.ts'
export * as initializers from './initializers.ts'
export type { InputSpec, RunSpec } from './input-spec.ts'
export { InstanceNorm, type InstanceNormConfig } from './instance-norm.ts'
export { LayerNorm, type LayerNormConfig } from './layer-norm.ts'
export { Linear, type LinearConfig } from './linear.ts'
export { MaxUnpool2d, type MaxUnpool2dConfig } from './max-unpool2d.ts'
export {
  type Incompatible,
  type Layer,
  Module,
  type ModuleOf,
  type StateDict,
  type StateDictComparison,
} from './module.ts'
export { type AttentionMasks, MultiheadAttention, type MultiheadAttentionConfig } from './multihead-attention.ts'
export { matcherOf } from './name-pattern.ts'
export { observe, type Visit } from './observe.ts'
export { Buffer, Counter, type Initializer, Parameter, type ParameterOptions } from './parameter.ts'
export { currentPass, inference, openPass, type Pass, type PassOptions } from './pass.ts'
export { pipe } from './pipe.ts'
export { PixelShuffle, PixelUnshuffle } from './pixel-shuffle.ts'
export {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  AvgPool1d,
  AvgPool2d,
  MaxPool1d,
  MaxPool2d,
  MaxPool2dWithIndices,
} from './pooling.ts'
export { Residual, type ResidualConfig } from './residual.ts'
export { Sequential } from './sequential.ts'
export { type SpectralNormOptions, spectralNorm } from './spectral-norm.ts'
export { SqueezeExcite, type SqueezeExciteConfig } from './squeeze-excite.ts'
export { StochasticDepth } from './stochastic-depth.ts'
export { type Summary, type SummaryRow, summary } from './summary.ts'
export { Updates } from './updates.ts'
export { Upsample, type UpsampleConfig } from './upsample.ts'
export {
  type Differentiated,
  expectLoss,
  type Gradients,
  gradients,
  type ModelGradients,
  valueAndGrad,
} from './value-and-grad.ts'
export { type Fans, fansOf, type WeightLayout } from './weight-layout.ts'
