import type { Tensor } from '@ddnet/ops'
import { Conv2d, type Conv2dConfig } from './conv2d.ts'
import { Module } from './module.ts'
import { pipe } from './pipe.ts'

export interface DepthwiseConv2dConfig extends Omit<Conv2dConfig, 'groups'> {
  /** How many filters each channel has of its own: 1 by default. */
  readonly multiplier?: number
}

/**
 * Convolves each channel by itself: `[batch, height, width, channels] → [batch, outHeight, outWidth, channels · multiplier]`, with the outputs of a channel
 * side by side. In PyTorch it is `Conv2d(channels, channels * multiplier, groups=channels)`, and so are its weights.
 *
 * @see Howard et al. 2017, "MobileNets"
 */
export class DepthwiseConv2d extends Conv2d {
  constructor(channels: number, { multiplier = 1, ...config }: DepthwiseConv2dConfig) {
    super(channels, channels * multiplier, { ...config, groups: channels })
  }
}

/**
 * A depthwise convolution and a 1 × 1 convolution that mixes its channels, `[batch, height, width, inChannels] → [batch, outHeight, outWidth, outChannels]`.
 * The first has no bias, which the second one's would take in. In PyTorch these are two `Conv2d` called `depthwise` and `pointwise`.
 *
 * @see Chollet 2017, "Xception"
 */
export class SeparableConv2d extends Module {
  readonly depthwise: DepthwiseConv2d
  readonly pointwise: Conv2d

  constructor(
    readonly inChannels: number,
    readonly outChannels: number,
    readonly config: DepthwiseConv2dConfig,
  ) {
    super()
    const { multiplier = 1, bias = true, weightInit, biasInit } = config
    const init = { ...(weightInit && { weightInit }), ...(biasInit && { biasInit }) }
    this.depthwise = new DepthwiseConv2d(inChannels, { ...config, bias: false })
    this.pointwise = new Conv2d(inChannels * multiplier, outChannels, { kernelSize: 1, bias, ...init })
  }

  override forward(x: Tensor): Tensor {
    return pipe(x, this.depthwise, this.pointwise)
  }
}
