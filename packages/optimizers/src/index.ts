export { type AdamOptions, adam, adamW } from './adam.ts'
export { applyGradients, averagedParams, initState, type OptimizerState } from './apply-gradients.ts'
export { type Chained, chain } from './chain.ts'
export { clipByGlobalNorm, globalNorm } from './clip-by-global-norm.ts'
export { clipByValue } from './clip-by-value.ts'
export { decayWeights } from './decay-weights.ts'
export { ema } from './ema.ts'
export { withCurrentNames } from './former-names.ts'
export { kernelTransformation } from './fuse.ts'
export type {
  GradientTransformation,
  Optimizer,
  ParameterMask,
  Tensors,
  UpdateInfo,
} from './gradient-transformation.ts'
export type { Fusable, KernelAttributes, KernelInputs, KernelRule } from './kernel-rule.ts'
export { type MomentumOptions, momentum } from './momentum.ts'
export { type Partitioned, partition } from './partition.ts'
export { type ParameterUpdate, perParameter } from './per-parameter.ts'
export { type ScaleByAdamOptions, scaleByAdam } from './scale-by-adam.ts'
export { scaleByLearningRate } from './scale-by-learning-rate.ts'
export { type CosineOptions, cosine } from './schedules/cosine.ts'
export { type OneCycleOptions, oneCycle } from './schedules/one-cycle.ts'
export { constant, type Schedule } from './schedules/schedule.ts'
export { type StepDecayOptions, stepDecay } from './schedules/step-decay.ts'
export { type SgdOptions, sgd } from './sgd.ts'
