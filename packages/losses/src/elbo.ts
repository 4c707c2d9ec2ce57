import { add, exp, logSoftmax, mul, ShapeError, type Tensor, tidy, type WeightedMean } from '@ddnet/ops'
import { lastItem } from '@ddnet/ops/checks'
import { binaryCrossEntropy } from './bce.ts'
import { expectAlike, expectAtLeast, expectNames } from './checks.ts'
import { type Gaussian, gaussianKl } from './kl.ts'
import { mse } from './mse.ts'
import { reduceBatch } from './reduce.ts'

/** One of several classes at each place, by logits `[batch, …, classes]`. */
export interface Categorical {
  readonly logits: Tensor
}

export interface NegativeElboOptions {
  /** How much the divergence counts: 1 by default. */
  readonly beta?: number
  /**
   * What a value of an image is drawn from: 'bernoulli', the default, whose logits are the reconstruction and whose images are 0 … 1; or
   * 'gaussian' of variance 1, whose mean is the reconstruction.
   */
  readonly likelihood?: 'bernoulli' | 'gaussian'
}

/** Both are sums over a sample, in nats, averaged over the batch, whose size is their weight. */
export interface NegativeElbo {
  /** `−log p(x | z)`, of the Gaussian without its constant: `½ · Σ (x̂ − x)²`. */
  readonly reconstruction: WeightedMean
  /** `beta · KL(q(z | x) ‖ p(z))` */
  readonly kl: WeightedMean
}

/**
 * What a variational auto-encoder makes small, the two parts of the negative evidence lower bound: how unlikely the image is, given what was
 * drawn, and how far what is drawn from is from its prior, the standard normal or, of classes, the uniform distribution.
 *
 * @param reconstruction `[batch, …]`, float32
 * @param images the same shape
 * @param posterior `{ mean, logVariance }` of Gaussians, or `{ logits }` of classes
 * @throws ShapeError for tensors of different shapes; RangeError for a beta below 0 or another likelihood
 * @see Kingma and Welling 2014, "Auto-encoding variational Bayes", equation 3; Higgins et al. 2017 for beta
 * @example { loss: negativeElbo(reconstruction, image, { mean, logVariance }) }
 */
export function negativeElbo(
  reconstruction: Tensor,
  images: Tensor,
  posterior: Gaussian | Categorical,
  options: NegativeElboOptions = {},
): NegativeElbo {
  expectNames('negativeElbo', options, ['beta', 'likelihood'])
  const { beta = 1, likelihood = 'bernoulli' } = options
  expectAtLeast('negativeElbo', 'beta', beta, 0)
  expectAlike('negativeElbo', { reconstruction, images })
  if (likelihood !== 'bernoulli' && likelihood !== 'gaussian') {
    throw new RangeError(`negativeElbo: expected likelihood to be 'bernoulli' or 'gaussian', got '${likelihood}'.`)
  }
  const { shape } = 'logits' in posterior ? posterior.logits : posterior.mean
  if (shape[0] !== images.shape[0]) {
    throw new ShapeError(
      `negativeElbo: expected a posterior of each of the ${images.shape[0]} images, got [${shape}]. Its first axis is the batch.`,
    )
  }
  return {
    reconstruction: reduceBatch('negativeElbo', 'batchmean', () =>
      likelihood === 'bernoulli'
        ? binaryCrossEntropy(reconstruction, images)
        : mul(0.5, mse(reconstruction, images, { reduction: 'none' })),
    ),
    kl: tidy(() => {
      const { mean, weight } = 'logits' in posterior ? categoricalKl(posterior) : gaussianKl(posterior)
      return { mean: mul(beta, mean), weight }
    }),
  }
}

/** `KL(softmax(logits) ‖ uniform) = Σ p · (log p + log classes)`. */
const categoricalKl = ({ logits }: Categorical): WeightedMean =>
  reduceBatch('negativeElbo', 'batchmean', () => {
    const logs = logSoftmax(logits)
    return mul(exp(logs), add(logs, Math.log(lastItem(logits.shape))))
  })
