import { BatchNorm, Conv2d, ConvTranspose2d, Module, Sequential } from '@ddnet/layers'
import { add, leakyRelu, mean, neg, relu, reshape, type Scalar, softplus, type Tensor, tanh } from '@ddnet/ops'

const doubling = { kernelSize: 4, stride: 2, padding: 1, bias: false }
const leaky = (x: Tensor) => leakyRelu(x, { negativeSlope: 0.2 })

/** DCGAN for images of 64 × 64. @see Radford et al. 2016; fixtures/networks/dcgan.py */
export class Generator extends Module {
  readonly main: Sequential

  constructor({ latent = 100, width = 64, channels = 3 } = {}) {
    super()
    this.main = new Sequential(
      new ConvTranspose2d(latent, width * 8, { kernelSize: 4, bias: false }),
      new BatchNorm(width * 8),
      relu,
      new ConvTranspose2d(width * 8, width * 4, doubling),
      new BatchNorm(width * 4),
      relu,
      new ConvTranspose2d(width * 4, width * 2, doubling),
      new BatchNorm(width * 2),
      relu,
      new ConvTranspose2d(width * 2, width, doubling),
      new BatchNorm(width),
      relu,
      new ConvTranspose2d(width, channels, doubling),
      tanh,
    )
  }

  override forward(noise: Tensor): Tensor {
    return this.main.forward(noise)
  }
}

export class Discriminator extends Module {
  readonly main: Sequential

  constructor({ width = 64, channels = 3 } = {}) {
    super()
    this.main = new Sequential(
      new Conv2d(channels, width, doubling),
      leaky,
      new Conv2d(width, width * 2, doubling),
      new BatchNorm(width * 2),
      leaky,
      new Conv2d(width * 2, width * 4, doubling),
      new BatchNorm(width * 4),
      leaky,
      new Conv2d(width * 4, width * 8, doubling),
      new BatchNorm(width * 8),
      leaky,
      new Conv2d(width * 8, 1, { kernelSize: 4, bias: false }),
    )
  }

  override forward(images: Tensor): Tensor {
    return reshape(this.main.forward(images), [-1])
  }
}

export const discriminatorLoss = (discriminator: Discriminator, real: Tensor, fake: Tensor): Scalar =>
  add(mean(softplus(neg(discriminator.forward(real)))), mean(softplus(discriminator.forward(fake))))

export const generatorLoss = (discriminator: Discriminator, fake: Tensor): Scalar =>
  mean(softplus(neg(discriminator.forward(fake))))
