import { BatchNorm, type Context, Conv2d, inference, Linear, Module } from '@ddnet/layers'
import { type Key, maxPool2d, mean, type Tensor, type Tensor4D } from '@ddnet/ops'

const halved = (images: Tensor): Tensor => maxPool2d(images as Tensor4D, { kernelSize: 2 })

/** Two stages of convolution, norm and pooling, and a classifier on their average. */
export class Network extends Module {
  readonly conv1: Conv2d
  readonly norm1: BatchNorm
  readonly conv2: Conv2d
  readonly norm2: BatchNorm
  readonly head: Linear

  constructor({ classes, key }: { classes: number; key: Key }) {
    super()
    this.conv1 = new Conv2d(3, 8, { kernelSize: 3, padding: 1, bias: false, key: key.fold('conv1') })
    this.norm1 = new BatchNorm(8, { activation: 'relu' })
    this.conv2 = new Conv2d(8, 16, { kernelSize: 3, padding: 1, bias: false, key: key.fold('conv2') })
    this.norm2 = new BatchNorm(16, { activation: 'relu' })
    this.head = new Linear(16, classes, { key: key.fold('head') })
  }

  forward(images: Tensor, context: Context = inference): Tensor {
    let x = images // [batch, 16, 16, 3]
    x = halved(this.norm1.forward(this.conv1.forward(x), context)) // [batch, 8, 8, 8]
    x = halved(this.norm2.forward(this.conv2.forward(x), context)) // [batch, 4, 4, 16]
    return this.head.forward(mean(x, [1, 2])) // [batch, classes]
  }
}
