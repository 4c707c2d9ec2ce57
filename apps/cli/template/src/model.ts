import { BatchNorm, Conv2d, Linear, Module, Sequential } from '@ddnet/layers'
import { maxPool2d, mean, relu, type Tensor, type Tensor4D } from '@ddnet/ops'

const halved = (images: Tensor): Tensor => maxPool2d(images as Tensor4D, { kernelSize: 2 })

/** Two stages of convolution, norm and pooling, and a classifier on their average. */
export class Network extends Module {
  readonly stages = new Sequential(
    new Conv2d(3, 8, { kernelSize: 3, padding: 1, bias: false }),
    new BatchNorm(8),
    relu,
    halved,
    new Conv2d(8, 16, { kernelSize: 3, padding: 1, bias: false }),
    new BatchNorm(16),
    relu,
    halved,
  )
  readonly head: Linear

  constructor({ classes }: { classes: number }) {
    super()
    this.head = new Linear(16, classes)
  }

  forward(images: Tensor): Tensor {
    const features = this.stages.forward(images) // [batch, 4, 4, 16] of images [batch, 16, 16, 3]
    return this.head.forward(mean(features, [1, 2])) // [batch, classes]
  }
}
