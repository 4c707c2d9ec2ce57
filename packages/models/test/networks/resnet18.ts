import { BatchNorm, Conv2d, Linear, Module, pipe, Sequential } from '@ddnet/layers'
import { add, maxPool2d, mean, relu, type Tensor } from '@ddnet/ops'

class BasicBlock extends Module {
  readonly conv1: Conv2d
  readonly bn1: BatchNorm
  readonly conv2: Conv2d
  readonly bn2: BatchNorm
  readonly downsample: Sequential | undefined

  constructor(inChannels: number, channels: number, stride = 1) {
    super()
    this.conv1 = new Conv2d(inChannels, channels, { kernelSize: 3, stride, padding: 1, bias: false })
    this.bn1 = new BatchNorm(channels)
    this.conv2 = new Conv2d(channels, channels, { kernelSize: 3, padding: 1, bias: false })
    this.bn2 = new BatchNorm(channels)
    if (stride !== 1 || inChannels !== channels) {
      const projection = new Conv2d(inChannels, channels, { kernelSize: 1, stride, bias: false })
      this.downsample = new Sequential(projection, new BatchNorm(channels))
    }
  }

  override forward(x: Tensor): Tensor {
    const y = pipe(x, this.conv1, this.bn1, relu, this.conv2, this.bn2)
    return relu(add(y, pipe(x, this.downsample)))
  }
}

const stage = (inChannels: number, channels: number, stride: number): Sequential =>
  new Sequential(new BasicBlock(inChannels, channels, stride), new BasicBlock(channels, channels))

/** ResNet-18, with torchvision's names. @see He et al. 2016; fixtures/networks/resnet18.py */
export class ResNet18 extends Module {
  readonly conv1: Conv2d
  readonly bn1: BatchNorm
  readonly layer1: Sequential
  readonly layer2: Sequential
  readonly layer3: Sequential
  readonly layer4: Sequential
  readonly fc: Linear

  constructor({ classes = 1000, width = 64 } = {}) {
    super()
    this.conv1 = new Conv2d(3, width, { kernelSize: 7, stride: 2, padding: 3, bias: false })
    this.bn1 = new BatchNorm(width)
    this.layer1 = stage(width, width, 1)
    this.layer2 = stage(width, 2 * width, 2)
    this.layer3 = stage(2 * width, 4 * width, 2)
    this.layer4 = stage(4 * width, 8 * width, 2)
    this.fc = new Linear(8 * width, classes)
  }

  override forward(images: Tensor): Tensor {
    const x = maxPool2d(pipe(images, this.conv1, this.bn1, relu), { kernelSize: 3, stride: 2, padding: 1 })
    const features = pipe(x, this.layer1, this.layer2, this.layer3, this.layer4)
    return this.fc.forward(mean(features, [1, 2]))
  }
}
