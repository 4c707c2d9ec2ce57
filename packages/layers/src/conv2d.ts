import { conv2d, type Size, type Tensor } from '@ddnet/ops'
import { uniformByFanIn } from './initializers.ts'
import { Module } from './module.ts'
import { pairOf } from './pair-of.ts'
import { Parameter } from './parameter.ts'

export interface Conv2dConfig {
  /** One number for height and width, or `[height, width]`; so with the others. */
  readonly kernelSize: Size
  readonly stride?: Size
  /** Zeros on each side, as in PyTorch; 'same' needs stride 1. */
  readonly padding?: Size | 'same' | 'valid'
  readonly dilation?: Size
  readonly groups?: number
  readonly bias?: boolean
}

/** 2-d convolution, `[batch, height, width, inChannels] → [batch, outHeight, outWidth, outChannels]`. @see torch.nn.Conv2d */
export class Conv2d extends Module {
  weight: Parameter
  declare readonly bias?: Parameter

  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    readonly config: Conv2dConfig,
  ) {
    super()
    const { groups = 1, bias = true } = config
    const [height, width] = pairOf(config.kernelSize)
    const init = uniformByFanIn((inChannels / groups) * height * width)
    this.weight = new Parameter([height, width, inChannels / groups, outChannels], { init, filter: true })
    if (bias) this.bias = new Parameter([outChannels], { init })
  }

  override forward(x: Tensor): Tensor {
    return this.forwardWith(x)
  }

  /** As `forward`, and the activation in the same kernel; `pipe` and `Sequential` do it by themselves. */
  forwardWith(x: Tensor, activation?: 'relu'): Tensor {
    const { kernelSize: _, bias: __, ...options } = this.config
    return conv2d(x, this.weight.value, {
      ...options,
      ...(this.bias && { bias: this.bias.value }),
      ...(activation && { activation }),
    })
  }
}
