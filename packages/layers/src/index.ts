export { BatchNorm, type BatchNormConfig } from './batch-norm.ts'
export { ConvTranspose2d, type ConvTranspose2dConfig } from './conv-transpose2d.ts'
export { Conv2d, type Conv2dConfig } from './conv2d.ts'
export type { Root } from './discover.ts'
export { Dropout } from './dropout.ts'
export { Embedding } from './embedding.ts'
export { estimateMemory, type MemoryEstimate } from './estimate-memory.ts'
export { init } from './init.ts'
export * as initializers from './initializers.ts'
export type { InputSpec, RunSpec } from './input-spec.ts'
export { LayerNorm, type LayerNormConfig } from './layer-norm.ts'
export { Linear } from './linear.ts'
export { type Incompatible, type Layer, Module, type ModuleOf, type StateDict } from './module.ts'
export { observe, type Visit } from './observe.ts'
export { Buffer, Counter, type Initializer, Parameter, type ParameterOptions } from './parameter.ts'
export { currentPass, inference, openPass, type Pass, type PassOptions } from './pass.ts'
export { pipe } from './pipe.ts'
export { Sequential } from './sequential.ts'
export { type Summary, type SummaryRow, summary } from './summary.ts'
export { Updates } from './updates.ts'
export {
  type Differentiated,
  expectLoss,
  type Gradients,
  gradients,
  type ModelGradients,
  valueAndGrad,
} from './value-and-grad.ts'
