import { BatchNorm, Conv2d, Dropout, initializers, Linear, Module, pipe, type StateDict } from '@ddnet/layers'
import { avgPool2d, concat, maxPool2d, mean, relu, type Tensor } from '@ddnet/ops'
import { expectChannels } from './expect-channels.ts'

const conv = (inChannels: number, outChannels: number, kernelSize: number, stride = 1): Conv2d =>
  new Conv2d(inChannels, outChannels, {
    kernelSize,
    stride,
    padding: (kernelSize - 1) / 2,
    bias: false,
    weightInit: initializers.kaimingNormal({ nonlinearity: 'relu' }),
  })

/** A bottleneck of 4k channels and a convolution to k new ones, of all that the block has seen. */
class DenseLayer extends Module {
  readonly norm1: BatchNorm
  readonly conv1: Conv2d
  readonly norm2: BatchNorm
  readonly conv2: Conv2d
  readonly dropout: Dropout

  constructor(inChannels: number, growthRate: number, dropout: number) {
    super()
    this.norm1 = new BatchNorm(inChannels)
    this.conv1 = conv(inChannels, 4 * growthRate, 1)
    this.norm2 = new BatchNorm(4 * growthRate)
    this.conv2 = conv(4 * growthRate, growthRate, 3)
    this.dropout = new Dropout(dropout)
  }

  override forward(seen: Tensor): Tensor {
    return pipe(seen, this.norm1, relu, this.conv1, this.norm2, relu, this.conv2, this.dropout)
  }
}

/** Half of the channels, and half of height and width. */
class Transition extends Module {
  readonly norm: BatchNorm
  readonly conv: Conv2d

  constructor(inChannels: number) {
    super()
    this.norm = new BatchNorm(inChannels)
    this.conv = conv(inChannels, Math.floor(inChannels / 2), 1)
  }

  override forward(x: Tensor): Tensor {
    return avgPool2d(pipe(x, this.norm, relu, this.conv), { kernelSize: 2 })
  }
}

type DenseBlock = Readonly<Record<`denselayer${number}`, DenseLayer>>

interface Features {
  readonly conv0: Conv2d
  readonly norm0?: BatchNorm
  readonly [block: `denseblock${number}`]: DenseBlock
  readonly [transition: `transition${number}`]: Transition
  readonly norm5: BatchNorm
}

export interface DenseNetOptions {
  readonly inChannels?: number
  readonly classes?: number
  /** Channels that each layer adds: 32 by default, the paper's k. */
  readonly growthRate?: number
  /** Layers of each block. */
  readonly blocks?: readonly number[]
  /** Channels before the first block: 2k by default, as in the paper. */
  readonly initialChannels?: number
  /** The rate at which values behind each layer are dropped in training: 0 by default. */
  readonly dropout?: number
}

/** What both variants have: blocks whose layers see all layers before them, and transitions between. */
abstract class DenseBlocks extends Module {
  readonly features: Features
  readonly classifier: Linear
  readonly #blocks: readonly { readonly layers: readonly DenseLayer[]; readonly transition?: Transition }[]

  /** @param hasNorm0 whether a norm follows the first convolution */
  constructor(options: Required<DenseNetOptions>, conv0: Conv2d, hasNorm0: boolean) {
    super()
    const { classes, growthRate, blocks, initialChannels, dropout } = options
    expectChannels('DenseNet', blocks, 'blocks')
    const named: Record<`denseblock${number}`, DenseBlock> & Record<`transition${number}`, Transition> = {}
    let channels = initialChannels
    this.#blocks = blocks.map((count, at) => {
      const layers = Array.from(
        { length: count },
        (_, layer) => new DenseLayer(channels + layer * growthRate, growthRate, dropout),
      )
      channels += count * growthRate
      named[`denseblock${at + 1}` as const] = Object.fromEntries(
        layers.map((layer, each) => [`denselayer${each + 1}`, layer]),
      )
      if (at === blocks.length - 1) return { layers }
      const transition = new Transition(channels)
      named[`transition${at + 1}` as const] = transition
      channels = transition.conv.outChannels
      return { layers, transition }
    })
    const norm0 = hasNorm0 && { norm0: new BatchNorm(initialChannels) }
    this.features = { conv0, ...norm0, ...named, norm5: new BatchNorm(channels) }
    this.classifier = new Linear(channels, classes, { biasInit: initializers.zeros })
  }

  /** What the blocks, a norm and the classifier make of what the first convolution gave. */
  protected classify(first: Tensor): Tensor {
    let x = first // [batch, height, width, initialChannels]
    for (const { layers, transition } of this.#blocks) {
      for (const layer of layers) x = concat([x, layer.forward(x)], -1)
      x = pipe(x, transition)
    }
    return this.classifier.forward(mean(pipe(x, this.features.norm5, relu), [1, 2])) // [batch, classes]
  }
}

/**
 * DenseNet-BC for photos: a convolution of 7 × 7 and a pooling that quarter height and width, and blocks whose layers each see all before
 * them, with a transition between that halves channels, height and width. DenseNet-121 by default, with the names, shapes and
 * 7,978,856 parameters of torchvision's `densenet121`.
 *
 * `forward`: `[batch, height, width, inChannels] → [batch, classes]` (logits); height and width of at least 2^(blocks + 1). torchvision's weights
 * expect images as `imageNet` says, and their files have names of before: `densenetNames`.
 *
 * @see Huang et al. 2017, "Densely connected convolutional networks", table 1
 * @example new DenseNet({ classes: 5, blocks: [6, 12, 32, 32] }) // DenseNet-169
 */
export class DenseNet extends DenseBlocks {
  /** @throws RangeError for blocks that are not positive integers */
  constructor(options: DenseNetOptions = {}) {
    const { inChannels = 3, classes = 1000, growthRate = 32, blocks = [6, 12, 24, 16], dropout = 0 } = options
    const { initialChannels = 2 * growthRate } = options
    const all = { inChannels, classes, growthRate, blocks, dropout, initialChannels }
    super(all, conv(inChannels, initialChannels, 7, 2), true)
  }

  override forward(images: Tensor): Tensor {
    const x = pipe(images, this.features.conv0, this.features.norm0, relu) // [batch, height / 2, width / 2, initialChannels]
    return this.classify(maxPool2d(x, { kernelSize: 3, stride: 2, padding: 1 }))
  }
}

/**
 * The tensors of a file as torchvision has published it by the names of today, which are the model's: `denselayer1.norm.1` is `denselayer1.norm1`.
 * Others stay as they are.
 *
 * @example model.loadStateDict(densenetNames(tensors))
 */
export const densenetNames = (tensors: StateDict): StateDict =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, value]) => [
      name.replace(/(\.denselayer\d+\.(?:norm|conv))\.([12])\./, '$1$2.'),
      value,
    ]),
  )

export interface CifarDenseNetOptions extends Omit<DenseNetOptions, 'blocks'> {
  /** 6n + 4, for n layers in each of three blocks: 100 by default. */
  readonly depth?: number
}

/**
 * DenseNet-BC for small images, as the paper has it for CIFAR-10: a convolution of 3 × 3, and three blocks. 769,162 parameters by default, with
 * 100 layers and a growth rate of 12, the paper's 0.8 million.
 *
 * `forward`: `[batch, height, width, inChannels] → [batch, classes]` (logits); 32 × 32 in the paper.
 *
 * @see Huang et al. 2017, "Densely connected convolutional networks", section 3 and table 2
 * @example const model = init(new CifarDenseNet({ depth: 40, dropout: 0.2 }), random.key(42))
 */
export class CifarDenseNet extends DenseBlocks {
  /** @throws RangeError unless the depth is 6n + 4 */
  constructor(options: CifarDenseNetOptions = {}) {
    const { depth = 100, inChannels = 3, classes = 10, growthRate = 12, dropout = 0 } = options
    const { initialChannels = 2 * growthRate } = options
    const count = (depth - 4) / 6
    if (!Number.isInteger(count) || count < 1) {
      throw new RangeError(`CifarDenseNet: expected a depth of 6n + 4, such as 40 and 100, got ${depth}.`)
    }
    const blocks = [count, count, count]
    const all = { inChannels, classes, growthRate, blocks, dropout, initialChannels }
    super(all, conv(inChannels, initialChannels, 3), false)
  }

  override forward(images: Tensor): Tensor {
    return this.classify(this.features.conv0.forward(images))
  }
}
