import { BatchNorm, Conv2d, ConvTranspose2d, Module, Sequential } from '@ddnet/layers'
import { concat, maxPool2d, relu, type Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/testing'

class DoubleConv extends Module {
  readonly body: Sequential

  constructor(inChannels: number, outChannels: number) {
    super()
    this.body = new Sequential(
      new Conv2d(inChannels, outChannels, { kernelSize: 3, padding: 1, bias: false }),
      new BatchNorm(outChannels),
      relu,
      new Conv2d(outChannels, outChannels, { kernelSize: 3, padding: 1, bias: false }),
      new BatchNorm(outChannels),
      relu,
    )
  }

  override forward(x: Tensor): Tensor {
    return this.body.forward(x)
  }
}

class Up extends Module {
  readonly up: ConvTranspose2d
  readonly conv: DoubleConv

  constructor(inChannels: number, outChannels: number) {
    super()
    this.up = new ConvTranspose2d(inChannels, outChannels, { kernelSize: 2, stride: 2 })
    this.conv = new DoubleConv(2 * outChannels, outChannels)
  }

  override forward(x: Tensor, skip: Tensor): Tensor {
    return this.conv.forward(concat([skip, this.up.forward(x)], -1))
  }
}

/** U-Net. @see Ronneberger et al. 2015; fixtures/networks/unet.py */
export class UNet extends Module {
  readonly down: DoubleConv[]
  readonly up: Up[]
  readonly head: Conv2d

  constructor(inChannels: number, classes: number, channels: number[] = [64, 128, 256, 512, 1024]) {
    super()
    this.down = channels.map((count, stage) => new DoubleConv(channels[stage - 1] ?? inChannels, count))
    this.up = channels
      .slice(1)
      .map((count, stage) => new Up(count, itemAt(channels, stage)))
      .reverse()
    this.head = new Conv2d(itemAt(channels, 0), classes, { kernelSize: 1 })
  }

  override forward(images: Tensor): Tensor {
    const skips: Tensor[] = [] // the smallest first
    for (const stage of this.down)
      skips.unshift(stage.forward(skips[0] ? maxPool2d(skips[0], { kernelSize: 2 }) : images))
    let x = itemAt(skips, 0)
    for (const [at, stage] of this.up.entries()) x = stage.forward(x, itemAt(skips, at + 1))
    return this.head.forward(x)
  }
}
