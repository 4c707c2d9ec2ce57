import { BatchNorm, Conv2d, ConvTranspose2d, Module, Sequential } from '@ddnet/layers'
import { maxPool2dWithIndices, maxUnpool2d, relu, type Tensor } from '@ddnet/ops'
import { itemAt, lastItem } from '@ddnet/ops/checks'
import { expectChannels } from './expect-channels.ts'

const same = { kernelSize: 3, padding: 1, bias: false }

/** Convolutions of 3 × 3 from each of these channels to the next, or transposed ones, with norm and ReLU. */
const convolutions = (
  channels: readonly number[],
  convolution: typeof Conv2d | typeof ConvTranspose2d = Conv2d,
): Sequential =>
  new Sequential(
    ...channels
      .slice(1)
      .flatMap((count, at) => [new convolution(itemAt(channels, at), count, same), new BatchNorm(count), relu]),
  )

/** The channels before and behind each convolution of an encoder's stages, of which the first takes images. */
const downwards = (inChannels: number, channels: readonly number[], depths: readonly number[]): number[][] =>
  channels.map((count, stage) => [
    channels[stage - 1] ?? inChannels,
    ...Array<number>(itemAt(depths, stage)).fill(count),
  ])

/** Those of the decoder's, the other way about: each stage ends with the channels of the next one, and the last one with `end`. */
const upwards = (channels: readonly number[], depths: readonly number[], end: readonly number[]): number[][] =>
  channels
    .map((count, stage) => [
      ...Array<number>(itemAt(depths, stage)).fill(count),
      ...(stage === 0 ? end : [itemAt(channels, stage - 1)]),
    ])
    .reverse()

/** @throws RangeError unless there is a depth of at least 1 for each stage */
function expectStages(model: string, channels: readonly number[], depths: readonly number[]): void {
  expectChannels(model, channels)
  if (depths.length === channels.length && depths.every((depth) => Number.isInteger(depth) && depth >= 1)) return
  throw new RangeError(
    `${model}: expected depths of at least 1 for each of ${channels.length} stages, got [${depths}].`,
  )
}

/** Where the values of a pooling stood, and the height and width of what was pooled. */
interface Switches {
  readonly indices: Tensor
  readonly outputSize: [number, number]
}

/** Stages with a pooling of 2 × 2 behind each. */
function pooledBySwitches(
  images: Tensor,
  stages: readonly Sequential[],
): { readonly pooled: Tensor; readonly switches: readonly Switches[] } {
  let pooled = images
  const switches = stages.map((stage): Switches => {
    const maps = stage.forward(pooled)
    const { values, indices } = maxPool2dWithIndices(maps, { kernelSize: 2 })
    pooled = values
    return { indices, outputSize: [itemAt(maps.shape, 1), itemAt(maps.shape, 2)] }
  })
  return { pooled, switches }
}

/** Stages with an unpooling before each, the last pooling's first. */
function unpooled(x: Tensor, switches: readonly Switches[], stages: readonly Sequential[]): Tensor {
  return stages.reduce((small, stage, at) => {
    const { indices, outputSize } = itemAt(switches, switches.length - 1 - at)
    return stage.forward(maxUnpool2d(small, indices, { outputSize }))
  }, x)
}

export interface SegNetOptions {
  readonly inChannels?: number
  /** Classes of each pixel. */
  readonly classes?: number
  /** Channels of the encoder's stages, each of which ends with a pooling; the decoder mirrors them. */
  readonly channels?: readonly number[]
  /** Convolutions of each stage; by default as in VGG-16. */
  readonly depths?: readonly number[]
}

/**
 * SegNet: the convolutions of VGG-16, and the same mirrored, whose stages put each value back to where the pooling took it from (its switch)
 * and fill what is between by convolutions. 29,436,226 parameters by default, 14.7 million of them in the encoder, as the paper says.
 *
 * `forward`: `[batch, height, width, inChannels] → [batch, height, width, classes]` (logits of each pixel); any height and width of at least
 * 2^stages.
 *
 * @see Badrinarayanan et al. 2017, "SegNet: a deep convolutional encoder-decoder architecture for image segmentation"
 * @example const model = init(new SegNet({ classes: 12, channels: [16, 32], depths: [2, 2] }), random.key(42))
 */
export class SegNet extends Module {
  readonly down: readonly Sequential[]
  readonly up: readonly Sequential[]
  readonly head: Conv2d

  /** @throws RangeError for channels that are not positive integers, and for other than one depth for each of them */
  constructor(options: SegNetOptions = {}) {
    super()
    const { inChannels = 3, classes = 2, channels = [64, 128, 256, 512, 512], depths = [2, 2, 3, 3, 3] } = options
    expectStages('SegNet', channels, depths)
    this.down = downwards(inChannels, channels, depths).map((each) => convolutions(each))
    this.up = upwards(channels, depths, []).map((each) => convolutions(each)) // the head is the last convolution
    this.head = new Conv2d(itemAt(channels, 0), classes, { kernelSize: 3, padding: 1 })
  }

  override forward(images: Tensor): Tensor {
    const { pooled, switches } = pooledBySwitches(images, this.down)
    return this.head.forward(unpooled(pooled, switches, this.up)) // [batch, height, width, classes]
  }
}

export interface DeconvNetOptions {
  readonly inChannels?: number
  /** Classes of each pixel: 21 by default, as in PASCAL VOC. */
  readonly classes?: number
  /** Channels of the stages, each of which ends with a pooling; the decoder mirrors them. */
  readonly channels?: readonly number[]
  /** Convolutions of each stage; by default as in VGG-16. */
  readonly depths?: readonly number[]
  /** Height and width of what the first of the two fully connected layers sees: 7, of images of 224 × 224. */
  readonly kernelSize?: number
  /** Channels of the two. */
  readonly hidden?: number
}

/**
 * DeconvNet: VGG-16 with its two fully connected layers, as convolutions, and the same mirrored by unpooling to the switches of the poolings
 * and transposed convolutions. 251,788,949 parameters by default, 222 million of them in the layers at its middle.
 *
 * `forward`: `[batch, height, width, inChannels] → [batch, height, width, classes]` (logits of each pixel); height and width of at least
 * kernelSize · 2^stages.
 *
 * @see Noh et al. 2015, "Learning deconvolution network for semantic segmentation", table 1
 * @example new DeconvNet({ classes: 3, channels: [16, 32, 64], depths: [2, 2, 2], kernelSize: 4, hidden: 128 }) // of 32 × 32
 */
export class DeconvNet extends Module {
  readonly down: readonly Sequential[]
  readonly middle: Sequential
  readonly up: readonly Sequential[]
  readonly head: Conv2d

  /** @throws RangeError for channels that are not positive integers, and for other than one depth for each of them */
  constructor(options: DeconvNetOptions = {}) {
    super()
    const { inChannels = 3, classes = 21, channels = [64, 128, 256, 512, 512], depths = [2, 2, 3, 3, 3] } = options
    const { kernelSize = 7, hidden = 4096 } = options
    expectStages('DeconvNet', channels, depths)
    const [first, deepest] = [itemAt(channels, 0), lastItem(channels)]
    this.down = downwards(inChannels, channels, depths).map((each) => convolutions(each))
    this.middle = new Sequential(
      new Conv2d(deepest, hidden, { kernelSize, bias: false }), // [batch, 1, 1, hidden] of the images it was made for
      new BatchNorm(hidden),
      relu,
      new Conv2d(hidden, hidden, { kernelSize: 1, bias: false }),
      new BatchNorm(hidden),
      relu,
      new ConvTranspose2d(hidden, deepest, { kernelSize, bias: false }),
      new BatchNorm(deepest),
      relu,
    )
    this.up = upwards(channels, depths, [first]).map((each) => convolutions(each, ConvTranspose2d))
    this.head = new Conv2d(first, classes, { kernelSize: 1 })
  }

  override forward(images: Tensor): Tensor {
    const { pooled, switches } = pooledBySwitches(images, this.down)
    return this.head.forward(unpooled(this.middle.forward(pooled), switches, this.up)) // [batch, height, width, classes]
  }
}
