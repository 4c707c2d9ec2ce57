import { conv2d, type Key, type Tensor, type Tensor1D, type Tensor4D } from '@ddnet/ops'
import { uniformByFanIn } from './initialize.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'

export interface Conv2dConfig {
  kernelSize: number
  stride?: number
  padding?: number
  dilation?: number
  groups?: number
  bias?: boolean
  activation?: 'relu'
  key: Key
}

/** 2-d convolution, `[batch, height, width, inChannels] → [batch, outHeight, outWidth, outChannels]`. @see torch.nn.Conv2d */
export class Conv2d extends Module {
  readonly weight: Parameter
  declare readonly bias?: Parameter

  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    readonly config: Readonly<Conv2dConfig>,
  ) {
    super()
    const { kernelSize, groups = 1, key, bias = true } = config
    const [weightKey, biasKey] = key.split(2) as [Key, Key]
    const fanIn = (inChannels / groups) * kernelSize ** 2
    this.weight = new Parameter(
      uniformByFanIn(weightKey, [kernelSize, kernelSize, inChannels / groups, outChannels], fanIn),
      {
        filter: true,
      },
    )
    if (bias) this.bias = new Parameter(uniformByFanIn(biasKey, [outChannels], fanIn))
  }

  override forward(x: Tensor): Tensor {
    const { stride = 1, padding = 0, dilation = 1, groups = 1, activation } = this.config
    return conv2d(x as Tensor4D, this.weight.value as Tensor4D, {
      stride,
      padding,
      dilation,
      groups,
      ...(this.bias && { bias: this.bias.value as Tensor1D }),
      ...(activation && { activation }),
    })
  }
}
