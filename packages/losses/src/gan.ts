import {
  add,
  detach,
  grad,
  type Key,
  logSigmoid,
  mean,
  mul,
  neg,
  norm,
  random,
  relu,
  reshape,
  ShapeError,
  scalar,
  square,
  sub,
  sum,
  type Tensor,
  tidy,
  type WeightedMean,
} from '@ddnet/ops'
import { expectAlike, expectAtLeast, expectNames } from './checks.ts'

/**
 * The two losses of a GAN, of what its discriminator says of real samples and of generated ones: any numbers, logits, of any
 * shape with samples first. Both are means over all of them, whose weight is their count.
 */
export interface GanLoss {
  /**
   * What the discriminator makes small.
   * @throws ShapeError unless there are as many real ones as fake ones
   */
  discriminator(real: Tensor, fake: Tensor): WeightedMean
  /** What the generator makes small, of the discriminator's logits of its samples. */
  generator(fake: Tensor): WeightedMean
}

/** The mean of something of each real logit, plus that of something of each fake one. */
const ofBoth = (name: string, of: (real: Tensor, fake: Tensor) => Tensor): GanLoss['discriminator'] => {
  return (real, fake) => {
    expectAlike(`${name}.discriminator`, { real, fake }, 'Generate as many samples as there are real ones.')
    return tidy(() => ({ mean: mean(of(real, fake)), weight: real.size }))
  }
}

const ofFake = (name: string, of: (fake: Tensor) => Tensor): GanLoss['generator'] => {
  return (fake) => {
    expectAlike(`${name}.generator`, { fake })
    return tidy(() => ({ mean: mean(of(fake)), weight: fake.size }))
  }
}

/**
 * The first GAN's losses in their form that does not saturate: the discriminator's is `−log σ(real) − log(1 − σ(fake))`, and the
 * generator's `−log σ(fake)`, which has a gradient where the discriminator is sure.
 *
 * @see Goodfellow et al. 2014, "Generative adversarial nets"; torch's BCEWithLogitsLoss with ones and zeros as targets
 */
export const nonSaturatingGan: GanLoss = {
  discriminator: ofBoth('nonSaturatingGan', (real, fake) => neg(add(logSigmoid(real), logSigmoid(neg(fake))))),
  generator: ofFake('nonSaturatingGan', (fake) => neg(logSigmoid(fake))),
}

/**
 * Hinge losses: the discriminator's is `max(0, 1 − real) + max(0, 1 + fake)`, and the generator's `−fake`.
 *
 * @see Lim and Ye 2017, "Geometric GAN"; Miyato et al. 2018, "Spectral normalization for GANs"
 */
export const hingeGan: GanLoss = {
  discriminator: ofBoth('hingeGan', (real, fake) => add(relu(sub(1, real)), relu(add(1, fake)))),
  generator: ofFake('hingeGan', (fake) => neg(fake)),
}

/**
 * Wasserstein's losses: the critic's is `fake − real`, and the generator's `−fake`. The critic must be kept from growing steep, by
 * `gradientPenalty`.
 *
 * @see Arjovsky et al. 2017, "Wasserstein GAN"
 */
export const wassersteinGan: GanLoss = {
  discriminator: ofBoth('wassersteinGan', (real, fake) => sub(fake, real)),
  generator: ofFake('wassersteinGan', (fake) => neg(fake)),
}

export interface GradientPenaltyOptions {
  /** Where between real and fake each sample is looked at is drawn from it: the step's key. */
  readonly key: Key
  /** How steep the critic should be: 1 by default. */
  readonly target?: number
}

/**
 * How far a critic's slope is from 1, `mean((‖∇ critic(x)‖ − 1)²)`, at a point `x` between a real and a generated sample, drawn for
 * each pair; its weight is their number. Differentiated, it takes second derivatives of the critic, and goes beside
 * `wassersteinGan`, ten times as heavy in the paper. A slope of 0 has no direction, and the gradient 0.
 *
 * A critic's outputs are added up, so a sample's must not depend on others: batch norm does not go with it, layer norm does.
 *
 * @param critic gives one number, or several, of each sample; of tensors like `real`
 * @param real `[batch, …]`, float32
 * @param fake the same shape, a constant here
 * @throws ShapeError unless both have one shape, and a batch
 * @see Gulrajani et al. 2017, "Improved training of Wasserstein GANs"
 * @example
 * update('critic', () => ({
 *   wasserstein: wassersteinGan.discriminator(critic.forward(image), critic.forward(generated)),
 *   penalty: weighted(gradientPenalty((x) => critic.forward(x), image, generated, { key }), 10),
 * }))
 */
export function gradientPenalty(
  critic: (x: Tensor) => Tensor,
  real: Tensor,
  fake: Tensor,
  options: GradientPenaltyOptions,
): WeightedMean {
  expectNames('gradientPenalty', options, ['key', 'target'])
  const { key, target = 1 } = options
  expectAtLeast('gradientPenalty', 'target', target, 0)
  expectAlike('gradientPenalty', { real, fake }, 'Generate as many samples as there are real ones.')
  const [batch, ...inner] = real.shape
  if (batch === undefined) throw new ShapeError('gradientPenalty: expected [batch, …], got scalars.')
  if (real.size === 0) return { mean: scalar(Number.NaN), weight: 0 }
  return tidy(() => {
    const share = random.uniform(key, [batch, ...inner.map(() => 1)])
    const between = detach(add(mul(share, real), mul(sub(1, share), fake)))
    const slopes = norm(reshape(grad((x: Tensor) => sum(critic(x)))(between), [batch, real.size / batch]), { axis: 1 }) // [batch]
    return { mean: mean(square(sub(slopes, target))), weight: batch }
  })
}
