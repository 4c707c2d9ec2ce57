import { BatchNorm, Conv2d, ConvTranspose2d, initializers, type Layer, Module, Sequential } from '@ddnet/layers'
import { leakyRelu, relu, reshape, type Tensor, tanh } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'

/** As the paper begins all weights. */
const weightInit = initializers.normal(0, 0.02)
const doubling = { kernelSize: 4, stride: 2, padding: 1, bias: false, weightInit }
const whole = { kernelSize: 4, bias: false, weightInit }
const leaky = (x: Tensor): Tensor => leakyRelu(x, { negativeSlope: 0.2 })

/** Channels at half of the size, a quarter and so on down to 4 × 4. */
function channelsOf(model: string, size: number, width: number): number[] {
  const doublings = Math.log2(size) - 2
  if (!Number.isInteger(doublings) || doublings < 1) {
    throw new RangeError(`${model}: expected a size of 8, 16, 32, 64 …, got ${size}.`)
  }
  return Array.from({ length: doublings }, (_, at) => width * 2 ** at)
}

export interface DCGANGeneratorOptions {
  /** How many values an image is made of. */
  readonly latent?: number
  /** Channels at half of the size, which each smaller stage doubles. */
  readonly width?: number
  readonly outChannels?: number
  /** Height and width of the images: 8, 16, 32, 64 … */
  readonly size?: number
}

/**
 * DCGAN's generator: transposed convolutions with batch norm and ReLU from noise to images of −1 … 1, which `tanh` gives. Names are those of
 * PyTorch's tutorial, and so are the 3,576,704 parameters by default.
 *
 * `forward`: `[batch, latent]` (or `[batch, 1, 1, latent]`) `→ [batch, size, size, outChannels]`. It is trained with a `DCGANDiscriminator` and
 * `nonSaturatingGan` of `@ddnet/losses`, each by Adam with a rate of 2e-4 and beta1 0.5.
 *
 * @see Radford et al. 2016, "Unsupervised representation learning with deep convolutional generative adversarial networks"
 * @example const images = generator.predict(random.normal(random.key(1), [16, 100]))
 */
export class DCGANGenerator extends Module {
  readonly main: Sequential
  readonly latent: number

  /** @throws RangeError unless the size is a power of 2 of at least 8 */
  constructor({ latent = 100, width = 64, outChannels = 3, size = 64 }: DCGANGeneratorOptions = {}) {
    super()
    this.latent = latent
    const channels = channelsOf('DCGANGenerator', size, width).reverse() // the smallest image first
    this.main = new Sequential(
      ...channels.flatMap((count, at): Layer[] => [
        at === 0
          ? new ConvTranspose2d(latent, count, whole)
          : new ConvTranspose2d(itemAt(channels, at - 1), count, doubling),
        new BatchNorm(count),
        relu,
      ]),
      new ConvTranspose2d(width, outChannels, doubling),
      tanh,
    )
  }

  override forward(noise: Tensor): Tensor {
    return this.main.forward(reshape(noise, [-1, 1, 1, this.latent]))
  }
}

export interface DCGANDiscriminatorOptions {
  /** Channels at half of the size, which each smaller stage doubles. */
  readonly width?: number
  readonly inChannels?: number
  /** Height and width of the images: 8, 16, 32, 64 … */
  readonly size?: number
}

/**
 * DCGAN's discriminator: strided convolutions with batch norm, but in the first, and leaky ReLU, to a logit that an image is real:
 * `[batch, size, size, inChannels] → [batch]`. Images are −1 … 1. 2,765,568 parameters by default.
 *
 * @see Radford et al. 2016
 * @example nonSaturatingGan.discriminator(discriminator.forward(real), discriminator.forward(generator.forward(noise)))
 */
export class DCGANDiscriminator extends Module {
  readonly main: Sequential

  /** @throws RangeError unless the size is a power of 2 of at least 8 */
  constructor({ width = 64, inChannels = 3, size = 64 }: DCGANDiscriminatorOptions = {}) {
    super()
    const channels = channelsOf('DCGANDiscriminator', size, width)
    this.main = new Sequential(
      ...channels.flatMap((count, at): Layer[] => [
        new Conv2d(channels[at - 1] ?? inChannels, count, doubling),
        ...(at === 0 ? [] : [new BatchNorm(count)]),
        leaky,
      ]),
      new Conv2d(itemAt(channels, channels.length - 1), 1, whole),
    )
  }

  override forward(images: Tensor): Tensor {
    return reshape(this.main.forward(images), [-1])
  }
}
