import { convTranspose2d, type Size, type Tensor } from '@ddnet/ops'
import { uniformByFanIn } from './initializers.ts'
import { Module } from './module.ts'
import { pairOf } from './pair-of.ts'
import { Parameter } from './parameter.ts'

export interface ConvTranspose2dConfig {
  /** One number for height and width, or `[height, width]`; so with the others. */
  readonly kernelSize: Size
  readonly stride?: Size
  /** Rows and columns cut from each side of the full result, as in PyTorch. */
  readonly padding?: Size
  /** Rows and columns added at the bottom and right. */
  readonly outputPadding?: Size
  readonly dilation?: Size
  readonly groups?: number
  readonly bias?: boolean
}

/**
 * 2-d transposed convolution, `[batch, height, width, inChannels] → [batch, outHeight, outWidth, outChannels]`.
 * Initialised as PyTorch does, whose fan-in here is `outChannels / groups · kernelSize²`. @see torch.nn.ConvTranspose2d
 */
export class ConvTranspose2d extends Module {
  weight: Parameter
  declare readonly bias?: Parameter

  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    readonly config: ConvTranspose2dConfig,
  ) {
    super()
    const { groups = 1, bias = true } = config
    const [height, width] = pairOf(config.kernelSize)
    const init = uniformByFanIn((outChannels / groups) * height * width)
    this.weight = new Parameter([height, width, outChannels / groups, inChannels], { init, filter: true })
    if (bias) this.bias = new Parameter([outChannels], { init })
  }

  override forward(x: Tensor): Tensor {
    return this.forwardWith(x)
  }

  /** As `forward`, and the activation in the same kernel; `pipe` and `Sequential` do it by themselves. */
  forwardWith(x: Tensor, activation?: 'relu'): Tensor {
    const { kernelSize: _, bias: __, ...options } = this.config
    return convTranspose2d(x, this.weight.value, {
      ...options,
      ...(this.bias && { bias: this.bias.value }),
      ...(activation && { activation }),
    })
  }
}
