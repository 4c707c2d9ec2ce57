import { interpolate, pixelShuffle, relu, type Tensor } from '@ddnet/ops'
import { BatchNorm } from './batch-norm.ts'
import { ConvTranspose2d } from './conv-transpose2d.ts'
import { Conv2d } from './conv2d.ts'
import { icnr, uniformByFanIn } from './initializers.ts'
import { type Layer, Module } from './module.ts'
import { pipe } from './pipe.ts'

export interface DeconvBlockConfig {
  /**
   * How it becomes larger:
   * - 'stride': a transposed convolution with that stride
   * - 'shuffle': a convolution to factor² values for each output, which become its pixels (sub-pixel convolution)
   * - 'resize': nearest neighbours, then a convolution
   */
  readonly upsampling?: 'stride' | 'shuffle' | 'resize'
  /** How much larger: 2 by default. */
  readonly factor?: number
  readonly kernelSize?: number
  /** Makes the norm of so many channels, a `BatchNorm` by default; null for none, and then the convolution has a bias. */
  readonly norm?: ((channels: number) => Layer) | null
  /** ReLU by default; null for none. */
  readonly activation?: Layer | null
}

/**
 * The block of a deconvolution network's decoder: a convolution that makes images larger, a norm and an activation,
 * `[batch, height, width, inChannels] → [batch, height · factor, width · factor, outChannels]`. Names begin with `deconv.` and `norm.`.
 *
 * Of the three ways 'stride' may draw a checkerboard where the factor does not divide the kernel size, and 'shuffle' begins without one,
 * by ICNR; 'resize' has none, and computes factor² times as much as the convolution of 'stride'.
 *
 * @throws RangeError for an upsampling, factor or kernel size that there is not
 * @see Odena et al. 2016, "Deconvolution and checkerboard artifacts"; Shi et al. 2016; Aitken et al. 2017
 * @example new DeconvBlock(64, 32, { upsampling: 'resize', norm: (channels) => new GroupNorm(8, channels) })
 */
export class DeconvBlock extends Module {
  readonly deconv: ConvTranspose2d | Conv2d
  declare readonly norm?: Layer
  declare readonly activation?: Layer
  readonly upsampling: 'stride' | 'shuffle' | 'resize'
  readonly factor: number

  constructor(inChannels: number, outChannels: number, config: DeconvBlockConfig = {}) {
    super()
    const { upsampling = 'stride', factor = 2, kernelSize = 3, activation = relu } = config
    const { norm = (channels) => new BatchNorm(channels) } = config
    for (const [name, value] of Object.entries({ factor, kernelSize })) {
      if (!Number.isInteger(value) || value < 1) {
        throw new RangeError(`DeconvBlock: expected ${name} as an integer of at least 1, got ${value}.`)
      }
    }
    this.upsampling = upsampling
    this.factor = factor
    const bias = norm === null
    switch (upsampling) {
      case 'stride': {
        const padding = Math.ceil(Math.max(0, kernelSize - factor) / 2)
        const outputPadding = factor - kernelSize + 2 * padding
        if (outputPadding >= factor) {
          throw new RangeError(
            `DeconvBlock: expected an odd kernelSize for the factor ${factor}, got ${kernelSize}, of which one side would be longer.`,
          )
        }
        const geometry = { kernelSize, stride: factor, padding, outputPadding, bias }
        this.deconv = new ConvTranspose2d(inChannels, outChannels, geometry)
        break
      }
      case 'shuffle': {
        const draw = uniformByFanIn(inChannels * kernelSize ** 2)
        const init = icnr({ factor, init: draw })
        const geometry = { kernelSize, padding: 'same', bias, weightInit: init, biasInit: init } as const
        this.deconv = new Conv2d(inChannels, outChannels * factor ** 2, geometry)
        break
      }
      case 'resize':
        this.deconv = new Conv2d(inChannels, outChannels, { kernelSize, padding: 'same', bias })
        break
      default:
        throw new RangeError(
          `DeconvBlock: expected upsampling 'stride', 'shuffle' or 'resize', got '${upsampling satisfies never}'.`,
        )
    }
    if (norm) this.norm = norm(outChannels)
    if (activation) this.activation = activation
  }

  override forward(x: Tensor): Tensor {
    const { deconv, norm, activation, factor } = this
    switch (this.upsampling) {
      case 'stride':
        return pipe(x, deconv, norm, activation)
      case 'shuffle':
        return pipe(x, deconv, (pixels) => pixelShuffle(pixels, factor), norm, activation)
      case 'resize':
        return pipe(x, (small) => interpolate(small, { scaleFactor: factor }), deconv, norm, activation)
    }
  }
}
