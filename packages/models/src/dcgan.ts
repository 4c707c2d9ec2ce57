import {
  BatchNorm,
  Conv2d,
  ConvTranspose2d,
  GroupNorm,
  initializers,
  type Layer,
  Module,
  Sequential,
  Upsample,
} from '@ddnet/layers'
import { leakyRelu, relu, reshape, type Tensor, tanh } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { withClass } from './conditional.ts'

/** As the paper begins all weights. */
const weightInit = initializers.normal(0, 0.02)
const doubling = { kernelSize: 4, stride: 2, padding: 1, bias: false, weightInit }
const leaky = (x: Tensor): Tensor => leakyRelu(x, { negativeSlope: 0.2 })

/** Channels at half of the size, a quarter and so on, and the least size, of 4 to 7 pixels. */
function stagesOf(model: string, size: number, width: number): { channels: number[]; least: number } {
  let [least, doublings] = [size, 0]
  while (least % 2 === 0 && least > 7) {
    least /= 2
    doublings++
  }
  if (!Number.isInteger(size) || least < 4 || least > 7 || doublings < 1) {
    throw new RangeError(
      `${model}: expected a size of 4, 5, 6 or 7 that is doubled at least once, such as 8, 28, 32, 48 or 64, got ${size}.`,
    )
  }
  return { channels: Array.from({ length: doublings }, (_, at) => width * 2 ** at), least }
}

export interface DCGANGeneratorOptions {
  /** How many values an image is made of. */
  readonly latent?: number
  /** Channels at half of the size, which each smaller stage doubles. */
  readonly width?: number
  readonly outChannels?: number
  /** Height and width of the images: 4, 5, 6 or 7, doubled at least once, such as 28, 32 or 64. */
  readonly size?: number
  /** How height and width are doubled: by transposed convolutions, or by nearest neighbours and a convolution. */
  readonly upsampling?: 'stride' | 'resize'
  /** Of how many classes images are, where it is told which one to make; none by default. */
  readonly classes?: number | undefined
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
  readonly classes: number | undefined

  /** @throws RangeError for a size that it cannot make */
  constructor(options: DCGANGeneratorOptions = {}) {
    super()
    const { latent = 100, width = 64, outChannels = 3, size = 64, upsampling = 'stride', classes } = options
    this.latent = latent
    this.classes = classes
    const { channels, least } = stagesOf('DCGANGenerator', size, width)
    const widths = channels.reverse() // the smallest image first
    const doubled = (inChannels: number, outChannels: number): Layer[] =>
      upsampling === 'stride'
        ? [new ConvTranspose2d(inChannels, outChannels, doubling)]
        : [
            new Upsample({ scaleFactor: 2 }),
            new Conv2d(inChannels, outChannels, { kernelSize: 3, padding: 1, bias: false, weightInit }),
          ]
    this.main = new Sequential(
      ...widths.flatMap((count, at): Layer[] => [
        ...(at === 0
          ? [new ConvTranspose2d(latent + (classes ?? 0), count, { kernelSize: least, bias: false, weightInit })]
          : doubled(itemAt(widths, at - 1), count)),
        new BatchNorm(count),
        relu,
      ]),
      ...doubled(width, outChannels),
      tanh,
    )
  }

  /** @param labels int32 `[batch]`, of a generator with classes */
  override forward(noise: Tensor, labels?: Tensor): Tensor {
    const told = withClass('DCGANGenerator', reshape(noise, [-1, this.latent]), this.classes, labels)
    return this.main.forward(reshape(told, [-1, 1, 1, this.latent + (this.classes ?? 0)]))
  }
}

export interface DCGANDiscriminatorOptions {
  /** Channels at half of the size, which each smaller stage doubles. */
  readonly width?: number
  readonly inChannels?: number
  /** Height and width of the images: 4, 5, 6 or 7, doubled at least once, such as 28, 32 or 64. */
  readonly size?: number
  /**
   * What normalises between convolutions: 'batch' as in the paper, 'layer' each sample by itself, as `gradientPenalty` needs it, or 'none'.
   */
  readonly norm?: 'batch' | 'layer' | 'none'
  /** Of how many classes images are, where it is told each image's; none by default. */
  readonly classes?: number | undefined
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
  readonly norm: 'batch' | 'layer' | 'none'
  readonly classes: number | undefined

  /** @throws RangeError for a size that it cannot take */
  constructor({ width = 64, inChannels = 3, size = 64, norm = 'batch', classes }: DCGANDiscriminatorOptions = {}) {
    super()
    this.norm = norm
    this.classes = classes
    const { channels, least } = stagesOf('DCGANDiscriminator', size, width)
    const normed = (count: number): Layer[] =>
      norm === 'batch' ? [new BatchNorm(count)] : norm === 'layer' ? [new GroupNorm(1, count)] : []
    this.main = new Sequential(
      ...channels.flatMap((count, at): Layer[] => [
        new Conv2d(channels[at - 1] ?? inChannels + (classes ?? 0), count, doubling),
        ...(at === 0 ? [] : normed(count)),
        leaky,
      ]),
      new Conv2d(itemAt(channels, channels.length - 1), 1, { kernelSize: least, bias: false, weightInit }),
    )
  }

  /** @param labels int32 `[batch]`, of a discriminator with classes */
  override forward(images: Tensor, labels?: Tensor): Tensor {
    return reshape(this.main.forward(withClass('DCGANDiscriminator', images, this.classes, labels)), [-1])
  }
}

export interface DCGANOptions
  extends Omit<DCGANGeneratorOptions, 'outChannels'>,
    Omit<DCGANDiscriminatorOptions, 'inChannels'> {
  /** Channels of the images. */
  readonly channels?: number
}

export interface DCGANResult {
  /** What the discriminator says of the images, `[batch]`. */
  readonly logits: Tensor
  /** `[batch, size, size, channels]` of −1 … 1 */
  readonly images: Tensor
}

/**
 * A generator and its discriminator as one model, which a checkpoint holds: `generator.main.0.weight` and so on. They are trained against
 * each other, each by an optimizer of its own.
 *
 * `forward`: noise `[batch, latent] → { logits, images }`, what is generated and what the discriminator says of it.
 *
 * @throws RangeError for a size that they cannot make
 * @example const { images } = init(new DCGAN({ size: 28, channels: 1 }), random.key(42)).predict(random.normal(random.key(1), [16, 100]))
 */
export class DCGAN extends Module {
  readonly generator: DCGANGenerator
  readonly discriminator: DCGANDiscriminator
  readonly latent: number
  readonly classes: number | undefined

  constructor({ channels = 3, ...options }: DCGANOptions = {}) {
    super()
    this.generator = new DCGANGenerator({ ...options, outChannels: channels })
    this.discriminator = new DCGANDiscriminator({ ...options, inChannels: channels })
    this.latent = this.generator.latent
    this.classes = options.classes
  }

  override forward(noise: Tensor, labels?: Tensor): DCGANResult {
    const images = this.generator.forward(noise, labels)
    return { logits: this.discriminator.forward(images, labels), images }
  }
}
