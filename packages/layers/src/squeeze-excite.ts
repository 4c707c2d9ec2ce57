import { mean, mul, relu, sigmoid, type Tensor } from '@ddnet/ops'
import { Conv2d } from './conv2d.ts'
import { type Layer, Module } from './module.ts'
import { pipe } from './pipe.ts'

export interface SqueezeExciteConfig {
  /** After the first convolution; ReLU by default. */
  readonly activation?: Layer
  /** What makes the factors; sigmoid by default. */
  readonly scaleActivation?: Layer
}

/**
 * Scales each channel by a factor that is computed from all channels' averages:
 * `y = x · scaleActivation(fc2(activation(fc1(mean(x)))))`, `[batch, height, width, channels] → [batch, height, width, channels]`.
 *
 * @see torchvision.ops.SqueezeExcitation, whose names it has; Hu et al. 2018, "Squeeze-and-excitation networks"
 */
export class SqueezeExcite extends Module {
  readonly fc1: Conv2d
  readonly fc2: Conv2d
  readonly activation: Layer
  readonly scaleActivation: Layer

  /** @param squeezed how many channels are between the two */
  constructor(
    channels: number,
    squeezed: number,
    { activation = relu, scaleActivation = sigmoid }: SqueezeExciteConfig = {},
  ) {
    super()
    this.fc1 = new Conv2d(channels, squeezed, { kernelSize: 1 })
    this.fc2 = new Conv2d(squeezed, channels, { kernelSize: 1 })
    this.activation = activation
    this.scaleActivation = scaleActivation
  }

  override forward(x: Tensor): Tensor {
    const average = mean(x, [1, 2], true) // [batch, 1, 1, channels]
    return mul(x, pipe(average, this.fc1, this.activation, this.fc2, this.scaleActivation))
  }
}
