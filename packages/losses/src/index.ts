export { type BceOptions, bceWithLogits } from './bce.ts'
export { type CenterNetFocalOptions, centerNetFocal } from './center-net-focal.ts'
export { type CrossEntropyOptions, crossEntropy } from './cross-entropy.ts'
export { type DiceOptions, diceLoss } from './dice.ts'
export { type Categorical, type NegativeElbo, type NegativeElboOptions, negativeElbo } from './elbo.ts'
export { type SigmoidFocalOptions, sigmoidFocal } from './focal.ts'
export {
  type GanLoss,
  type GradientPenaltyOptions,
  gradientPenalty,
  hingeGan,
  nonSaturatingGan,
  wassersteinGan,
} from './gan.ts'
export { type GiouOptions, giouLoss } from './giou.ts'
export { type HuberOptions, huber, type SmoothL1Options, smoothL1 } from './huber.ts'
export {
  type DivergenceReductions,
  type Gaussian,
  type GaussianKlOptions,
  gaussianKl,
  type KlDivOptions,
  klDiv,
} from './kl.ts'
export { type L1Options, l1 } from './l1.ts'
export type { Loss, Summed } from './loss.ts'
export { type MseOptions, mse } from './mse.ts'
export type { Reductions } from './reduce.ts'
export { type SsimLossOptions, type SsimOptions, ssimLoss, structuralSimilarity } from './ssim.ts'
export { weighted } from './weighted.ts'
