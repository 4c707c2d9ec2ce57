import { add, equal, exp, expm1, log, mul, neg, square, sub, type Tensor, type WeightedMean, where } from '@ddnet/ops'
import { expectAlike, expectNames } from './checks.ts'
import { type Reductions, reduceBatch } from './reduce.ts'

/** Those of a divergence; 'batchmean' is its mean over the first axis, which makes of it what its formula says. */
export interface DivergenceReductions extends Reductions {
  readonly batchmean: WeightedMean
}

export interface KlDivOptions<R extends keyof DivergenceReductions = keyof DivergenceReductions> {
  /** 'mean' by default, over all elements, as in PyTorch. */
  readonly reduction?: R
  /** Whether the targets are logarithms of probabilities, too. */
  readonly logTarget?: boolean
}

/**
 * Kullback–Leibler divergence of the predictions from the targets, for each element `t · (log t − logProbabilities)`, in nats;
 * 0 where the target is 0. With reduction 'batchmean' it is `KL(targets ‖ predictions)`, averaged over the batch.
 *
 * @param logProbabilities logarithms of probabilities, as of `logSoftmax`, any shape, float32
 * @param targets probabilities, or their logarithms with `logTarget`, the same shape
 * @throws ShapeError for tensors of different shapes
 * @see torch.nn.functional.kl_div
 * @example klDiv(logSoftmax(div(student, 4)), softmax(div(teacher, 4)), { reduction: 'batchmean' }) // distillation
 */
export function klDiv<R extends keyof DivergenceReductions = 'mean'>(
  logProbabilities: Tensor,
  targets: Tensor,
  options?: KlDivOptions<R>,
): DivergenceReductions[R]
export function klDiv(
  logProbabilities: Tensor,
  targets: Tensor,
  options: KlDivOptions = {},
): DivergenceReductions[keyof DivergenceReductions] {
  expectNames('klDiv', options, ['reduction', 'logTarget'])
  const { reduction = 'mean', logTarget = false } = options
  expectAlike('klDiv', { logProbabilities, targets }, 'Labels go with crossEntropy.')
  return reduceBatch('klDiv', reduction, () => {
    if (logTarget) return mul(exp(targets), sub(targets, logProbabilities))
    // Only what is 0 is kept from the logarithm: that of a negative target is NaN, as it must be.
    const logTargets = log(where(equal(targets, 0), 1, targets))
    return mul(targets, sub(logTargets, logProbabilities))
  })
}

/** A Gaussian of independent values, by the logarithm of its variance, which may be any number. */
export interface Gaussian {
  readonly mean: Tensor
  readonly logVariance: Tensor
}

export interface GaussianKlOptions<R extends keyof DivergenceReductions = keyof DivergenceReductions> {
  /** What it is compared with: mean 0 and variance 1 by default. */
  readonly prior?: Gaussian
  /** 'batchmean' by default: the sum over each sample, as in the ELBO. */
  readonly reduction?: R
}

/**
 * `KL(posterior ‖ prior)` of Gaussians in closed form, of each value
 * `½ · (σ² / s² + (μ − m)² / s² − 1 − log(σ² / s²))`, and with the standard normal as the prior `½ · (σ² + μ² − 1 − log σ²)`, in nats.
 * By default summed over each sample and averaged over the batch, whose size is its weight, as a VAE's loss has it.
 *
 * @param posterior its mean μ and `logVariance = log σ²`, of one shape `[batch, …]`, float32
 * @throws ShapeError for tensors of different shapes
 * @see torch.distributions.kl_divergence; Kingma and Welling 2014, "Auto-encoding variational Bayes", appendix B
 * @example { loss: { reconstruction: …, kl: gaussianKl({ mean, logVariance }) } }
 */
export function gaussianKl<R extends keyof DivergenceReductions = 'batchmean'>(
  posterior: Gaussian,
  options?: GaussianKlOptions<R>,
): DivergenceReductions[R]
export function gaussianKl(
  posterior: Gaussian,
  options: GaussianKlOptions = {},
): DivergenceReductions[keyof DivergenceReductions] {
  expectNames('gaussianKl', options, ['reduction', 'prior'])
  const { reduction = 'batchmean', prior } = options
  const { mean, logVariance } = posterior
  const others = prior === undefined ? {} : { 'prior.mean': prior.mean, 'prior.logVariance': prior.logVariance }
  expectAlike('gaussianKl', { mean, logVariance, ...others })
  return reduceBatch('gaussianKl', reduction, () => {
    const logRatio = prior === undefined ? logVariance : sub(logVariance, prior.logVariance)
    const distance =
      prior === undefined ? square(mean) : mul(square(sub(mean, prior.mean)), exp(neg(prior.logVariance)))
    // expm1: near the prior the difference is far smaller than its terms.
    return mul(0.5, add(sub(expm1(logRatio), logRatio), distance))
  })
}
