import { BatchNorm, Conv2d, Module, Sequential } from '@ddnet/layers'
import { maxPool2d, relu, type Tensor } from '@ddnet/ops'
import { lastItem } from '@ddnet/ops/checks'
import { ClassHead } from './class-head.ts'
import { expectChannels } from './expect-channels.ts'

export interface ConvNetOptions {
  readonly inChannels?: number
  readonly classes?: number
  /** Output channels of the stages, each of which halves height and width. */
  readonly channels?: readonly number[]
}

const halved = (x: Tensor): Tensor => maxPool2d(x, { kernelSize: 2 })

/**
 * A plain convolutional classifier: stages of convolution, batch norm, ReLU and max pooling, then a linear layer on the average
 * over height and width. 94,762 parameters by default.
 *
 * `forward`: `[batch, height, width, inChannels] → [batch, classes]` (logits); height and width of at least 2^stages.
 *
 * @example const model = init(new ConvNet({ classes: 10 }), random.key(42))
 */
export class ConvNet extends Module {
  readonly features: Sequential
  readonly head: ClassHead

  /** @throws RangeError for channels that are not positive integers */
  constructor({ inChannels = 3, classes = 10, channels = [32, 64, 128] }: ConvNetOptions = {}) {
    super()
    expectChannels('ConvNet', channels)
    this.features = new Sequential(
      ...channels.flatMap((count, stage) => [
        new Conv2d(channels[stage - 1] ?? inChannels, count, { kernelSize: 3, padding: 1, bias: false }),
        new BatchNorm(count),
        relu,
        halved,
      ]),
    )
    this.head = new ClassHead(lastItem(channels), classes)
  }

  override forward(images: Tensor): Tensor {
    return this.head.forward(this.features.forward(images))
  }
}
