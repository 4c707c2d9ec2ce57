import {
  BatchNorm,
  Conv2d,
  currentPass,
  DeconvBlock,
  Flatten,
  type Layer,
  Linear,
  Module,
  Sequential,
  Unflatten,
} from '@ddnet/layers'
import { add, exp, type Key, mul, random, relu, split, type Tensor } from '@ddnet/ops'
import { itemAt, lastItem, tuple } from '@ddnet/ops/checks'
import { withClass } from './conditional.ts'
import { expectChannels } from './expect-channels.ts'

/** What an encoder says of the latent values: a Gaussian for each, by the logarithm of its variance. */
export interface Posterior {
  readonly mean: Tensor
  readonly logVariance: Tensor
}

export interface VAEResult extends Posterior {
  /** `[batch, height, width, inChannels]` */
  readonly reconstruction: Tensor
}

/**
 * A draw from independent Gaussians that can be differentiated by both: `mean + exp(½ logVariance) · noise`, with normal noise by the key.
 *
 * @see Kingma and Welling 2014, "Auto-encoding variational Bayes", section 2.4
 */
export const reparameterize = ({ mean, logVariance }: Posterior, key: Key): Tensor =>
  add(mean, mul(exp(mul(0.5, logVariance)), random.normal(key, mean.shape)))

export interface VAEOptions {
  readonly inChannels?: number
  /** Height and width of the images, which must divide by 2^stages. */
  readonly size?: number
  /** Output channels of the encoder's stages, each of which halves height and width; the decoder mirrors them. */
  readonly channels?: readonly number[]
  /** How many latent values an image becomes. */
  readonly latent?: number
  /** How the decoder doubles height and width, as `DeconvBlock` does: by transposed convolutions by default. */
  readonly upsampling?: 'stride' | 'shuffle' | 'resize'
  /** Of how many classes images are, where encoder and decoder are told each image's; none by default. */
  readonly classes?: number | undefined
}

/**
 * Convolutional variational auto-encoder: an encoder that gives a Gaussian of `latent` values for an image, and a decoder of transposed
 * convolutions that makes the image of a draw from it. With `classes` both get the image's class, too, as in Sohn et al. 2015.
 *
 * `forward`: `[batch, size, size, inChannels] → { reconstruction, mean, logVariance }`. In training the draw depends on the pass's key; in
 * inference it is the mean. The reconstruction has no last activation: it is logits for `negativeElbo` with likelihood 'bernoulli' (images from
 * 0 to 1), and pixels with 'gaussian'. `decode(random.normal(key, [count, latent]))` makes new images. 582,083 parameters by default.
 *
 * @see Kingma and Welling 2014, "Auto-encoding variational Bayes"
 * @example
 * const model = init(new VAE({ latent: 32 }), random.key(42))
 * const { reconstruction, ...posterior } = model.forward(images)
 * negativeElbo(reconstruction, images, posterior) // of @ddnet/losses
 */
export class VAE extends Module {
  readonly encoder: Sequential
  readonly posterior: Linear
  readonly decoder: Sequential
  readonly latent: number
  readonly classes: number | undefined

  /** @throws RangeError for channels that are not positive integers, or a size that the stages do not divide */
  constructor(options: VAEOptions = {}) {
    super()
    const { inChannels = 3, size = 32, channels = [32, 64, 128], latent = 64, upsampling = 'stride', classes } = options
    expectChannels('VAE', channels)
    const smallest = size / 2 ** channels.length
    if (!Number.isInteger(smallest) || smallest < 1) {
      throw new RangeError(`VAE: expected a size that divides by ${2 ** channels.length}, got ${size}.`)
    }
    this.latent = latent
    this.classes = classes
    const told = classes ?? 0
    const features = lastItem(channels) * smallest ** 2
    const narrow = channels.flatMap((count, stage): Layer[] => [
      new Conv2d(channels[stage - 1] ?? inChannels, count, { kernelSize: 3, stride: 2, padding: 1, bias: false }),
      new BatchNorm(count),
      relu,
    ])
    this.encoder = new Sequential(...narrow, new Flatten())
    this.posterior = new Linear(features + told, 2 * latent)
    const widen = channels
      .map((count, stage) =>
        stage === 0
          ? new DeconvBlock(count, inChannels, { upsampling, norm: null, activation: null })
          : new DeconvBlock(count, itemAt(channels, stage - 1), { upsampling }),
      )
      .reverse()
    const unflatten = new Unflatten(1, [lastItem(channels), smallest, smallest])
    this.decoder = new Sequential(new Linear(latent + told, features), unflatten, relu, ...widen)
  }

  /** @param labels int32 `[batch]`, of a model with classes */
  override forward(images: Tensor, labels?: Tensor): VAEResult {
    const posterior = this.encode(images, labels)
    const pass = currentPass()
    const z = pass.training ? reparameterize(posterior, pass.keyOf(this)) : posterior.mean
    return { reconstruction: this.decode(z, labels), ...posterior }
  }

  /** `[batch, size, size, inChannels] → { mean, logVariance }`, both `[batch, latent]`. */
  encode(images: Tensor, labels?: Tensor): Posterior {
    const features = withClass('VAE', this.encoder.forward(images), this.classes, labels)
    const [mean, logVariance] = tuple(split(this.posterior.forward(features), this.latent, 1), 2)
    return { mean, logVariance }
  }

  /** `[batch, latent] → [batch, size, size, inChannels]`. */
  decode(z: Tensor, labels?: Tensor): Tensor {
    return this.decoder.forward(withClass('VAE', z, this.classes, labels))
  }
}
