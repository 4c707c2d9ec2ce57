import { BatchNorm, Conv2d, DeconvBlock, Module, pipe } from '@ddnet/layers'
import { maxPool2d, relu, type Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { ClassHead } from './class-head.ts'

export interface DDNetOptions {
  readonly inChannels?: number
  readonly classes?: number
  /** Output channels of the encoder's stages; the decoder mirrors them and ends at the first. */
  readonly channels?: readonly number[]
  readonly normalization?: 'batch' | 'none'
}

/** Convolution, normalisation and ReLU. Without a norm the convolution has a bias instead. */
class EncoderStage extends Module {
  readonly conv: Conv2d
  declare readonly norm?: BatchNorm

  constructor(inChannels: number, outChannels: number, normalization: 'batch' | 'none') {
    super()
    this.conv = new Conv2d(inChannels, outChannels, { kernelSize: 3, padding: 1, bias: normalization === 'none' })
    if (normalization === 'batch') this.norm = new BatchNorm(outChannels)
  }

  override forward(x: Tensor): Tensor {
    return pipe(x, this.conv, this.norm, relu)
  }
}

/**
 * Deep deconvolution network: an encoder of convolutions and max pooling, a decoder of transposed convolutions that
 * brings the features back to the input's size, and a classifier on them. 195,434 parameters by default.
 *
 * `forward`: `[batch, height, width, inChannels] → [batch, classes]` (logits); height and width divide by 2^stages.
 * Parameter names and file layouts are those of `benchmarks/pytorch/ddnet.py`.
 *
 * @example const model = init(new DDNet({ classes: 10 }), random.key(42))
 */
export class DDNet extends Module {
  readonly encoder: readonly EncoderStage[]
  /** Transposed convolutions that double height and width, each with its norm and ReLU. */
  readonly decoder: readonly DeconvBlock[]
  readonly heads: { readonly class: ClassHead }

  /** @throws RangeError for channels that are not positive integers */
  constructor({ inChannels = 3, classes = 10, channels = [32, 64, 128], normalization = 'batch' }: DDNetOptions = {}) {
    super()
    if (channels.length === 0 || channels.some((count) => !Number.isInteger(count) || count < 1)) {
      throw new RangeError(`DDNet: expected channels as positive integers, got [${channels}].`)
    }
    const up = [...channels].reverse() // 128, 64, 32
    this.encoder = channels.map(
      (count, stage) => new EncoderStage(channels[stage - 1] ?? inChannels, count, normalization),
    )
    const norm = normalization === 'none' ? { norm: null } : {}
    this.decoder = up.map((count, stage) => new DeconvBlock(count, up[stage + 1] ?? count, norm))
    this.heads = { class: new ClassHead(itemAt(channels, 0), classes) }
  }

  override forward(images: Tensor): Tensor {
    let x = images // [batch, height, width, inChannels]
    for (const stage of this.encoder) x = maxPool2d(stage.forward(x), { kernelSize: 2 })
    for (const stage of this.decoder) x = stage.forward(x) // back to [batch, height, width, channels[0]]
    return this.heads.class.forward(x) // [batch, classes]
  }
}
