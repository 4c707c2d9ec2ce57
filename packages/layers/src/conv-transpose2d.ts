import { convTranspose2d, type Key, type Tensor, type Tensor1D, type Tensor4D } from '@ddnet/ops'
import type { Conv2dConfig } from './conv2d.ts'
import { uniformByFanIn } from './initialize.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'

export interface ConvTranspose2dConfig extends Conv2dConfig {
  outputPadding?: number
}

/**
 * 2-d transposed convolution, `[batch, height, width, inChannels] → [batch, outHeight, outWidth, outChannels]`.
 * Initialised as PyTorch does, whose fan-in here is `outChannels / groups · kernelSize²`. @see torch.nn.ConvTranspose2d
 */
export class ConvTranspose2d extends Module {
  readonly weight: Parameter
  declare readonly bias?: Parameter

  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    readonly config: Readonly<ConvTranspose2dConfig>,
  ) {
    super()
    const { kernelSize, groups = 1, key, bias = true } = config
    const [weightKey, biasKey] = key.split(2) as [Key, Key]
    const fanIn = (outChannels / groups) * kernelSize ** 2
    this.weight = new Parameter(
      uniformByFanIn(weightKey, [kernelSize, kernelSize, outChannels / groups, inChannels], fanIn),
      {
        filter: true,
      },
    )
    if (bias) this.bias = new Parameter(uniformByFanIn(biasKey, [outChannels], fanIn))
  }

  override get transposed(): boolean {
    return true
  }

  override forward(x: Tensor): Tensor {
    const { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1, activation } = this.config
    return convTranspose2d(x as Tensor4D, this.weight.value as Tensor4D, {
      stride,
      padding,
      outputPadding,
      dilation,
      groups,
      ...(this.bias && { bias: this.bias.value as Tensor1D }),
      ...(activation && { activation }),
    })
  }
}
