import {
  BatchNorm,
  Conv2d,
  initializers,
  type Layer,
  Linear,
  Module,
  type ModuleOf,
  pipe,
  Sequential,
} from '@ddnet/layers'
import { add, avgPool2d, maxPool2d, mean, padConstant, relu, type Tensor } from '@ddnet/ops'
import { expectChannels } from './expect-channels.ts'

/** As torchvision begins them: by the gradients' variance. */
const weightInit = initializers.kaimingNormal({ mode: 'fanOut', nonlinearity: 'relu' })

/** A convolution that keeps height and width but for its stride, without a bias, which the norm behind it has. */
const conv = (inChannels: number, outChannels: number, kernelSize: number, stride = 1): Conv2d =>
  new Conv2d(inChannels, outChannels, { kernelSize, stride, padding: (kernelSize - 1) / 2, bias: false, weightInit })

/** Makes what x passes on its way around a block. */
type Way = (inChannels: number, channels: number, stride: number) => Layer | undefined

/** Two convolutions of 3 × 3 with a way around them. */
class BasicBlock extends Module {
  readonly conv1: Conv2d
  readonly bn1: BatchNorm
  readonly conv2: Conv2d
  readonly bn2: BatchNorm
  readonly downsample: Layer | undefined

  constructor(inChannels: number, channels: number, stride: number, way: Way = projection) {
    super()
    this.conv1 = conv(inChannels, channels, 3, stride)
    this.bn1 = new BatchNorm(channels)
    this.conv2 = conv(channels, channels, 3)
    this.bn2 = new BatchNorm(channels)
    this.downsample = way(inChannels, channels, stride)
  }

  override forward(x: Tensor): Tensor {
    const y = pipe(x, this.conv1, this.bn1, relu, this.conv2, this.bn2)
    return relu(add(y, pipe(x, this.downsample)))
  }
}

/** A convolution of 3 × 3 between two of 1 × 1, which narrow the channels to a quarter and widen them again. */
class Bottleneck extends Module {
  readonly conv1: Conv2d
  readonly bn1: BatchNorm
  readonly conv2: Conv2d
  readonly bn2: BatchNorm
  readonly conv3: Conv2d
  readonly bn3: BatchNorm
  readonly downsample: Layer | undefined

  constructor(inChannels: number, channels: number, stride: number) {
    super()
    const narrow = channels / 4
    this.conv1 = conv(inChannels, narrow, 1)
    this.bn1 = new BatchNorm(narrow)
    this.conv2 = conv(narrow, narrow, 3, stride) // as torchvision has it; the paper strides in conv1
    this.bn2 = new BatchNorm(narrow)
    this.conv3 = conv(narrow, channels, 1)
    this.bn3 = new BatchNorm(channels)
    this.downsample = projection(inChannels, channels, stride)
  }

  override forward(x: Tensor): Tensor {
    const y = pipe(x, this.conv1, this.bn1, relu, this.conv2, this.bn2, relu, this.conv3, this.bn3)
    return relu(add(y, pipe(x, this.downsample)))
  }
}

/** What x passes on its way around a block that changes its shape. */
const projection = (inChannels: number, channels: number, stride: number): Layer | undefined =>
  stride === 1 && inChannels === channels
    ? undefined
    : new Sequential(conv(inChannels, channels, 1, stride), new BatchNorm(channels))

/** Blocks of the four stages, and what they are made of. */
const variants = {
  18: { blocks: [2, 2, 2, 2], bottleneck: false },
  34: { blocks: [3, 4, 6, 3], bottleneck: false },
  50: { blocks: [3, 4, 6, 3], bottleneck: true },
} as const

export interface ResNetBodyOptions {
  /** 18 by default. */
  readonly depth?: keyof typeof variants
  readonly inChannels?: number
  /** Channels of the first stage's convolutions of 3 × 3, which each further stage doubles: 64 in the paper, as in all published weights. */
  readonly width?: number
  /** Blocks of the four stages, in the place of the depth's. */
  readonly blocks?: readonly [number, number, number, number]
}

/**
 * What a ResNet for photos sees, before it names a class: `[batch, height, width, inChannels] → [batch, height / 32, width / 32, outChannels]`. A
 * convolution of 7 × 7 and a pooling that quarter height and width, and four stages of residual blocks, of which all but the first halve them.
 *
 * @example new ResNetBody({ depth: 18 }).loadStateDict(pretrained, { strict: false }) // torchvision's, without fc
 */
export class ResNetBody extends Module {
  readonly conv1: Conv2d
  readonly bn1: BatchNorm
  readonly layer1: Sequential
  readonly layer2: Sequential
  readonly layer3: Sequential
  readonly layer4: Sequential
  readonly outChannels: number

  /** @throws RangeError for a depth that there is not, and blocks that are not positive integers */
  constructor({ depth = 18, inChannels = 3, width = 64, blocks }: ResNetBodyOptions = {}) {
    super()
    if (!Object.hasOwn(variants, depth)) {
      throw new RangeError(`ResNet: expected a depth of ${Object.keys(variants).join(', ')}, got ${depth}.`)
    }
    const { bottleneck } = variants[depth]
    const counts = blocks ?? variants[depth].blocks
    expectChannels('ResNet', counts, 'blocks')
    const block: Block = (...shape) => (bottleneck ? new Bottleneck(...shape) : new BasicBlock(...shape))
    const first = bottleneck ? 4 * width : width
    this.outChannels = 8 * first
    this.conv1 = conv(inChannels, width, 7, 2)
    this.bn1 = new BatchNorm(width)
    this.layer1 = stage(block, counts[0], width, first, 1)
    this.layer2 = stage(block, counts[1], first, 2 * first, 2)
    this.layer3 = stage(block, counts[2], 2 * first, 4 * first, 2)
    this.layer4 = stage(block, counts[3], 4 * first, 8 * first, 2)
  }

  override forward(images: Tensor): Tensor {
    const x = maxPool2d(pipe(images, this.conv1, this.bn1, relu), { kernelSize: 3, stride: 2, padding: 1 })
    return pipe(x, this.layer1, this.layer2, this.layer3, this.layer4)
  }
}

export interface ResNetOptions extends ResNetBodyOptions {
  readonly classes?: number
}

/**
 * ResNet for photos: a `ResNetBody`, and a linear layer on the average of what it sees. Names and shapes are torchvision's `resnet18`, `resnet34`
 * and `resnet50`, and so are parameter counts: 11,689,512, 21,797,672 and 25,557,032.
 *
 * `forward`: `[batch, height, width, inChannels] → [batch, classes]` (logits), of any height and width; torchvision's weights expect images
 * as `imageNet` says.
 *
 * @see He et al. 2016, "Deep residual learning for image recognition", table 1
 * @example
 * const model = new ResNet({ depth: 18, classes: 5 })
 * model.loadStateDict(pretrained, { strict: false }) // without fc, which has another size
 */
export class ResNet extends ResNetBody {
  readonly fc: Linear

  /** @throws RangeError for a depth that there is not, and blocks that are not positive integers */
  constructor({ classes = 1000, ...options }: ResNetOptions = {}) {
    super(options)
    this.fc = new Linear(this.outChannels, classes)
  }

  override forward(images: Tensor): Tensor {
    const features = super.forward(images) // [batch, height / 32, width / 32, channels]
    return this.fc.forward(mean(features, [1, 2]))
  }
}

type Block = (inChannels: number, channels: number, stride: number) => ModuleOf

/** So many blocks, of which the first changes the shape. */
const stage = (block: Block, count: number, inChannels: number, channels: number, stride: number): Sequential =>
  new Sequential(
    block(inChannels, channels, stride),
    ...Array.from({ length: count - 1 }, () => block(channels, channels, 1)),
  )

/** A way around without parameters: each second pixel, and zeros for the channels that are new. */
function subsampled(inChannels: number, channels: number, stride: number): Layer | undefined {
  if (stride === 1 && inChannels === channels) return undefined
  const none = [0, 0] as const
  return (x) => padConstant(avgPool2d(x, { kernelSize: 1, stride }), [none, none, none, [0, channels - inChannels]])
}

export interface CifarResNetOptions {
  /** 6n + 2, for n blocks in each stage: 20 by default, and 32, 44, 56, 110 in the paper. */
  readonly depth?: number
  readonly inChannels?: number
  readonly classes?: number
  /** Channels of the first stage: 16 in the paper. */
  readonly width?: number
}

/**
 * ResNet for small images, as the paper has it for CIFAR-10: a convolution of 3 × 3, three stages of n basic blocks, of which the last two
 * halve height and width, and a linear layer on their average. The ways around have no parameters (the paper's option A). 269,722 parameters
 * with 20 layers, 464,154 with 32 and 853,018 with 56, the paper's 0.27, 0.46 and 0.85 million.
 *
 * `forward`: `[batch, height, width, inChannels] → [batch, classes]` (logits); 32 × 32 in the paper.
 *
 * @see He et al. 2016, "Deep residual learning for image recognition", section 4.2 and table 6
 * @example const model = init(new CifarResNet({ depth: 20 }), random.key(42))
 */
export class CifarResNet extends Module {
  readonly conv1: Conv2d
  readonly bn1: BatchNorm
  readonly layer1: Sequential
  readonly layer2: Sequential
  readonly layer3: Sequential
  readonly fc: Linear

  /** @throws RangeError unless the depth is 6n + 2 */
  constructor({ depth = 20, inChannels = 3, classes = 10, width = 16 }: CifarResNetOptions = {}) {
    super()
    const blocks = (depth - 2) / 6
    if (!Number.isInteger(blocks) || blocks < 1) {
      throw new RangeError(`CifarResNet: expected a depth of 6n + 2, such as 20, 32 and 56, got ${depth}.`)
    }
    const block: Block = (...shape) => new BasicBlock(...shape, subsampled)
    this.conv1 = conv(inChannels, width, 3)
    this.bn1 = new BatchNorm(width)
    this.layer1 = stage(block, blocks, width, width, 1)
    this.layer2 = stage(block, blocks, width, 2 * width, 2)
    this.layer3 = stage(block, blocks, 2 * width, 4 * width, 2)
    this.fc = new Linear(4 * width, classes)
  }

  override forward(images: Tensor): Tensor {
    const features = pipe(images, this.conv1, this.bn1, relu, this.layer1, this.layer2, this.layer3)
    return this.fc.forward(mean(features, [1, 2]))
  }
}
