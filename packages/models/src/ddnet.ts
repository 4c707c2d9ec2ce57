import { BatchNorm, Conv2d, DeconvBlock, GroupNorm, Module, pipe } from '@ddnet/layers'
import { add, maxPool2d, maxPool2dWithIndices, maxUnpool2d, relu, type Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { ClassHead } from './class-head.ts'
import { expectChannels } from './expect-channels.ts'

/** How the decoder becomes larger, and what else its network may have; what is left out is the network of the published weights. */
export interface DDNetBodyOptions {
  readonly inChannels?: number
  /** Output channels of the encoder's stages; the decoder mirrors them and ends at the first. */
  readonly channels?: readonly number[]
  /** What follows each convolution; without a norm the convolutions have biases. */
  readonly normalization?: 'batch' | 'group' | 'none'
  /** Groups of channels of a group norm, which divide all channels: 8 by default. */
  readonly groups?: number
  /**
   * How a stage of the decoder doubles height and width:
   * - 'stride': a transposed convolution of stride 2
   * - 'switches': each value goes back to where the encoder's pooling took it from, and then a transposed convolution of stride 1 (Noh et al. 2015)
   * - 'shuffle': a convolution to four values for each output, which become its pixels (Shi et al. 2016)
   * - 'resize': nearest neighbours, then a convolution (Odena et al. 2016)
   */
  readonly unpool?: 'stride' | 'switches' | 'shuffle' | 'resize'
  /**
   * Whether each stage of the decoder but the last adds what the encoder had at its size, which costs no parameter (Mao et al. 2016,
   * "Image restoration using very deep convolutional encoder-decoder networks with symmetric skip connections").
   */
  readonly skip?: boolean
}

type Norm = BatchNorm | GroupNorm

/** Convolution, normalisation and ReLU. Without a norm the convolution has a bias instead. */
class EncoderStage extends Module {
  readonly conv: Conv2d
  declare readonly norm?: Norm

  constructor(inChannels: number, outChannels: number, norm: ((channels: number) => Norm) | null) {
    super()
    this.conv = new Conv2d(inChannels, outChannels, { kernelSize: 3, padding: 1, bias: norm === null })
    if (norm !== null) this.norm = norm(outChannels)
  }

  override forward(x: Tensor): Tensor {
    return pipe(x, this.conv, this.norm, relu)
  }
}

/** The norm of so many channels, or null for none. @throws RangeError for a normalization that there is not */
function normOf(normalization: 'batch' | 'group' | 'none', groups: number): ((channels: number) => Norm) | null {
  switch (normalization) {
    case 'batch':
      return (channels) => new BatchNorm(channels)
    case 'group':
      return (channels) => new GroupNorm(groups, channels)
    case 'none':
      return null
    default:
      throw new RangeError(
        `DDNet: expected normalization 'batch', 'group' or 'none', got '${normalization satisfies never}'.`,
      )
  }
}

/** Encoder and decoder of a deep deconvolution network; what it is for, its heads say. */
export abstract class DDNetBody extends Module {
  readonly encoder: readonly EncoderStage[]
  /** Blocks that double height and width, each with its norm and ReLU; by switches what is before them does. */
  readonly decoder: readonly DeconvBlock[]
  readonly unpool: 'stride' | 'switches' | 'shuffle' | 'resize'
  readonly skip: boolean

  /** @throws RangeError for channels that are not positive integers, groups that do not divide them, and options that there are not */
  constructor(options: DDNetBodyOptions = {}) {
    super()
    const { inChannels = 3, channels = [32, 64, 128], normalization = 'batch', groups = 8 } = options
    const { unpool = 'stride', skip = false } = options
    expectChannels('DDNet', channels)
    if (!['stride', 'switches', 'shuffle', 'resize'].includes(unpool)) {
      throw new RangeError(`DDNet: expected unpool 'stride', 'switches', 'shuffle' or 'resize', got '${unpool}'.`)
    }
    this.unpool = unpool
    this.skip = skip
    const norm = normOf(normalization, groups)
    const upsampling = unpool === 'switches' ? ({ upsampling: 'stride', factor: 1 } as const) : { upsampling: unpool }
    const up = [...channels].reverse() // 128, 64, 32
    this.encoder = channels.map((count, stage) => new EncoderStage(channels[stage - 1] ?? inChannels, count, norm))
    this.decoder = up.map((count, stage) => new DeconvBlock(count, up[stage + 1] ?? count, { ...upsampling, norm }))
  }

  /**
   * What the heads see: `[batch, height, width, inChannels] → [batch, height, width, channels[0]]`; height and width divide by 2^stages.
   */
  features(images: Tensor): Tensor {
    const halves: Tensor[] = [] // what each pooling gives, the largest first
    const switches: Tensor[] = [] // where it took that from
    let x = images // [batch, height, width, inChannels]
    for (const stage of this.encoder) {
      const maps = stage.forward(x)
      if (this.unpool === 'switches') {
        const { values, indices } = maxPool2dWithIndices(maps, { kernelSize: 2 })
        switches.push(indices)
        x = values
      } else {
        x = maxPool2d(maps, { kernelSize: 2 })
      }
      halves.push(x)
    }
    for (const [at, stage] of this.decoder.entries()) {
      const mirrored = this.encoder.length - 1 - at
      if (this.unpool === 'switches') {
        const outputSize: [number, number] = [2 * itemAt(x.shape, 1), 2 * itemAt(x.shape, 2)]
        x = maxUnpool2d(x, itemAt(switches, mirrored), { outputSize })
      }
      x = stage.forward(x)
      if (this.skip && mirrored > 0) x = add(x, itemAt(halves, mirrored - 1))
    }
    return x // back to [batch, height, width, channels[0]]
  }
}

export interface DDNetOptions extends DDNetBodyOptions {
  readonly classes?: number
}

/**
 * Deep deconvolution network: an encoder of convolutions and max pooling, a decoder of transposed convolutions that
 * brings the features back to the input's size, and a classifier on them. 195,434 parameters by default.
 *
 * `forward`: `[batch, height, width, inChannels] → [batch, classes]` (logits); height and width divide by 2^stages.
 * Parameter names and file layouts are those of `benchmarks/pytorch/ddnet.py`.
 *
 * @example const model = init(new DDNet({ classes: 10 }), random.key(42))
 * @example new DDNet({ unpool: 'switches', skip: true, normalization: 'group' })
 */
export class DDNet extends DDNetBody {
  readonly heads: { readonly class: ClassHead }

  /** @throws RangeError for channels that are not positive integers, groups that do not divide them, and options that there are not */
  constructor({ classes = 10, ...options }: DDNetOptions = {}) {
    super(options)
    this.heads = { class: new ClassHead(itemAt(this.encoder, 0).conv.outChannels, classes) }
  }

  override forward(images: Tensor): Tensor {
    return this.heads.class.forward(this.features(images)) // [batch, classes]
  }
}
