import { BatchNorm, Conv2d, ConvTranspose2d, Module, Sequential } from '@ddnet/layers'
import { concat, maxPool2d, relu, type Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { expectChannels } from './expect-channels.ts'

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

export interface UNetOptions {
  readonly inChannels?: number
  /** Values of each pixel of the result: classes of a segmentation, or channels of a picture. */
  readonly classes?: number
  /** Output channels of the stages, of which all but the first halve height and width. */
  readonly channels?: readonly number[]
}

/**
 * U-Net: stages of two convolutions that narrow the image, then transposed convolutions that widen it again, each with what the stage of its
 * size has seen beside it. 31,037,698 parameters by default, with padding and batch norm, as most implementations have them.
 *
 * `forward`: `[batch, height, width, inChannels] → [batch, height, width, classes]` (logits of each pixel); height and width divide by
 * 2^(stages − 1).
 *
 * @see Ronneberger et al. 2015, "U-Net: convolutional networks for biomedical image segmentation"
 * @example const model = init(new UNet({ classes: 3, channels: [16, 32, 64] }), random.key(42))
 */
export class UNet extends Module {
  readonly down: readonly DoubleConv[]
  readonly up: readonly Up[]
  readonly head: Conv2d

  /** @throws RangeError for channels that are not positive integers */
  constructor({ inChannels = 3, classes = 2, channels = [64, 128, 256, 512, 1024] }: UNetOptions = {}) {
    super()
    expectChannels('UNet', channels)
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
    const x = this.up.reduce((x, stage, at) => stage.forward(x, itemAt(skips, at + 1)), itemAt(skips, 0))
    return this.head.forward(x) // [batch, height, width, classes]
  }
}
