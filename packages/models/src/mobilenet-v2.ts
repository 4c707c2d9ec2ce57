import {
  BatchNorm,
  Conv2d,
  DepthwiseConv2d,
  Dropout,
  initializers,
  Linear,
  Module,
  Sequential,
  type StateDict,
} from '@ddnet/layers'
import { add, mean, relu6, type Tensor } from '@ddnet/ops'

const weightInit = initializers.kaimingNormal({ mode: 'fanOut' })

/** A convolution, a norm and ReLU6. */
function convNormActivation(inChannels: number, outChannels: number, kernelSize: number, stride = 1): Sequential {
  const config = { kernelSize, stride, padding: (kernelSize - 1) / 2, bias: false, weightInit }
  return new Sequential(new Conv2d(inChannels, outChannels, config), new BatchNorm(outChannels), relu6)
}

/** Each channel convolved by itself, a norm and ReLU6. */
const depthwise = (channels: number, stride: number): Sequential =>
  new Sequential(
    new DepthwiseConv2d(channels, { kernelSize: 3, stride, padding: 1, bias: false, weightInit }),
    new BatchNorm(channels),
    relu6,
  )

/** Widens the channels, convolves each by itself, and narrows them again, with a way around where the shape stays. */
class InvertedResidual extends Module {
  readonly conv: Sequential
  readonly #isResidual: boolean

  constructor(inChannels: number, outChannels: number, stride: number, expansion: number) {
    super()
    const hidden = inChannels * expansion
    this.conv = new Sequential(
      ...(expansion === 1 ? [] : [convNormActivation(inChannels, hidden, 1)]),
      depthwise(hidden, stride),
      new Conv2d(hidden, outChannels, { kernelSize: 1, bias: false, weightInit }),
      new BatchNorm(outChannels),
    )
    this.#isResidual = stride === 1 && inChannels === outChannels
  }

  override forward(x: Tensor): Tensor {
    const y = this.conv.forward(x)
    return this.#isResidual ? add(x, y) : y
  }
}

/** Blocks of one kind, a row of the paper's table 2. */
export interface MobileNetStage {
  /** By how much its blocks widen the channels: the paper's t. */
  readonly expansion: number
  /** c */
  readonly channels: number
  /** How many there are: n. */
  readonly blocks: number
  /** Of the first one: s. */
  readonly stride: number
}

const paperStages: readonly MobileNetStage[] = [
  { expansion: 1, channels: 16, blocks: 1, stride: 1 },
  { expansion: 6, channels: 24, blocks: 2, stride: 2 },
  { expansion: 6, channels: 32, blocks: 3, stride: 2 },
  { expansion: 6, channels: 64, blocks: 4, stride: 2 },
  { expansion: 6, channels: 96, blocks: 3, stride: 1 },
  { expansion: 6, channels: 160, blocks: 3, stride: 2 },
  { expansion: 6, channels: 320, blocks: 1, stride: 1 },
]

export interface MobileNetV2Options {
  readonly inChannels?: number
  readonly classes?: number
  /** What all channels are multiplied with, the last 1280 only by more than 1; they are then rounded to a multiple of 8. */
  readonly widthMultiplier?: number
  /** The blocks; by default those of the paper's table 2. */
  readonly stages?: readonly MobileNetStage[]
  /** The rate at which features are dropped before the classifier in training: 0.2 by default. */
  readonly dropout?: number
}

/**
 * MobileNetV2: blocks that widen the channels, convolve each by itself, and narrow them without an activation. The names, shapes and 3,504,872
 * parameters of torchvision's `mobilenet_v2`.
 *
 * `forward`: `[batch, height, width, inChannels] → [batch, classes]` (logits), of any height and width; torchvision's weights expect images as
 * `imageNet` says.
 *
 * @see Sandler et al. 2018, "MobileNetV2: inverted residuals and linear bottlenecks"
 * @example new MobileNetV2({ classes: 5, widthMultiplier: 0.5 })
 */
export class MobileNetV2 extends Module {
  readonly features: Sequential
  readonly classifier: Sequential

  /** @throws RangeError for no stages, and for a multiplier that is not above 0 */
  constructor(options: MobileNetV2Options = {}) {
    super()
    const { inChannels = 3, classes = 1000, widthMultiplier = 1, stages = paperStages, dropout = 0.2 } = options
    if (!(widthMultiplier > 0 && widthMultiplier < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`MobileNetV2: expected widthMultiplier above 0, got ${widthMultiplier}.`)
    }
    if (stages.length === 0) throw new RangeError('MobileNetV2: expected stages, got none.')
    let channels = divisible(32 * widthMultiplier)
    const first = convNormActivation(inChannels, channels, 3, 2)
    const blocks = stages.flatMap(({ expansion, blocks: count, stride, ...stage }) =>
      Array.from({ length: count }, (_, at) => {
        const before = channels
        channels = divisible(stage.channels * widthMultiplier)
        return new InvertedResidual(before, channels, at === 0 ? stride : 1, expansion)
      }),
    )
    const last = divisible(1280 * Math.max(1, widthMultiplier))
    this.features = new Sequential(first, ...blocks, convNormActivation(channels, last, 1))
    const head = { weightInit: initializers.normal(0, 0.01), biasInit: initializers.zeros }
    this.classifier = new Sequential(new Dropout(dropout), new Linear(last, classes, head))
  }

  override forward(images: Tensor): Tensor {
    const features = this.features.forward(images) // [batch, height / 32, width / 32, 1280]
    return this.classifier.forward(mean(features, [1, 2])) // [batch, classes]
  }
}

/** What timm calls the parts of a block, and torchvision. */
const timmParts = {
  first: { conv_dw: '0.0', bn1: '0.1', conv_pw: '1', bn2: '2' },
  widening: { conv_pw: '0.0', bn1: '0.1', conv_dw: '1.0', bn2: '1.1', conv_pwl: '2', bn3: '3' },
}

/**
 * The tensors of a file of timm's (`mobilenetv2_100` and the like) by torchvision's names, which are the model's:
 * `blocks.1.0.conv_pw` is `features.2.conv.0.0`. Others stay as they are.
 *
 * @example model.loadStateDict(mobilenetV2Names(tensors))
 */
export function mobilenetV2Names(tensors: StateDict): StateDict {
  const names = Object.keys(tensors)
  const blocks = [...new Set(names.flatMap((name) => /^blocks\.\d+\.\d+\./.exec(name) ?? []))]
  if (!names.includes('conv_stem.weight') || blocks.length === 0) return tensors
  const parts = new Map([
    ['conv_stem.', 'features.0.0.'],
    ['bn1.', 'features.0.1.'],
    ['conv_head.', `features.${blocks.length + 1}.0.`],
    ['bn2.', `features.${blocks.length + 1}.1.`],
    ['classifier.', 'classifier.1.'],
    ...blocks.flatMap((block, at) => {
      const widens = names.includes(`${block}conv_pwl.weight`)
      return Object.entries(widens ? timmParts.widening : timmParts.first).map(([theirs, own]): [string, string] => [
        `${block}${theirs}.`,
        `features.${at + 1}.conv.${own}.`,
      ])
    }),
  ])
  return Object.fromEntries(
    Object.entries(tensors).map(([name, value]) => {
      const part = name.slice(0, name.lastIndexOf('.') + 1)
      return [`${parts.get(part) ?? part}${name.slice(part.length)}`, value]
    }),
  )
}

/** The nearest multiple of 8, of at least 8, and no more than a tenth below. */
function divisible(channels: number): number {
  const nearest = Math.max(8, Math.floor((channels + 4) / 8) * 8)
  return nearest < 0.9 * channels ? nearest + 8 : nearest
}
