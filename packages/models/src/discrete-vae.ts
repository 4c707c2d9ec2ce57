import { Conv2d, currentPass, initializers, type Layer, Module, pipe, Sequential } from '@ddnet/layers'
import { add, argMax, interpolate, maxPool2d, mul, oneHot, relu, type Tensor } from '@ddnet/ops'
import { type GumbelSoftmaxOptions, gumbelSoftmax } from './gumbel.ts'

/** A convolution that keeps height and width, initialised as DALL-E's. */
const conv = (inChannels: number, outChannels: number, kernelSize: number): Conv2d =>
  new Conv2d(inChannels, outChannels, {
    kernelSize,
    padding: 'same',
    weightInit: initializers.normal(0, 1 / Math.sqrt(inChannels * kernelSize ** 2)),
    biasInit: initializers.zeros,
  })

/** Four convolutions through a quarter of the channels, scaled, with a way around them. */
class Bottleneck extends Module {
  readonly id_path: Conv2d | undefined
  readonly res_path: Sequential

  /** @param gain of what is added: the more blocks, the less each */
  constructor(
    inChannels: number,
    outChannels: number,
    kernels: readonly [number, number, number, number],
    readonly gain: number,
  ) {
    super()
    const narrow = outChannels / 4
    const [first, second, third, last] = kernels
    if (inChannels !== outChannels) this.id_path = conv(inChannels, outChannels, 1)
    this.res_path = new Sequential(
      relu,
      conv(inChannels, narrow, first),
      relu,
      conv(narrow, narrow, second),
      relu,
      conv(narrow, narrow, third),
      relu,
      conv(narrow, outChannels, last),
    )
  }

  override forward(x: Tensor): Tensor {
    return add(pipe(x, this.id_path), mul(this.gain, this.res_path.forward(x)))
  }
}

const halved = (x: Tensor): Tensor => maxPool2d(x, { kernelSize: 2 })
const doubled = (x: Tensor): Tensor => interpolate(x, { scaleFactor: 2 })

export interface DiscreteVAEOptions {
  readonly inChannels?: number
  /** Channels of the reconstruction, `inChannels` by default; DALL-E's has twice as many, means and scales. */
  readonly outChannels?: number
  /** How many tokens there are. */
  readonly vocabulary?: number
  /** Channels of the first group, which each further group doubles; a multiple of 4. */
  readonly width?: number
  /** Groups of blocks, of which all but the last halve height and width. */
  readonly groups?: number
  /** Blocks of a group. */
  readonly blocks?: number
  /** Channels that a token becomes before the decoder's first block. */
  readonly embedding?: number
}

export interface DiscreteVAEResult {
  /** `[batch, height, width, outChannels]` */
  readonly reconstruction: Tensor
  /** Of the tokens, `[batch, height / 2^(groups − 1), width / 2^(groups − 1), vocabulary]`. */
  readonly logits: Tensor
}

/**
 * The half of DALL-E that sees: images as tokens of a vocabulary, each of 8 × 8 pixels by default, and images from tokens again. Groups of
 * residual blocks, as DALL-E's published encoder and decoder have them: 97.6 million parameters with `outChannels: 6`, theirs.
 *
 * `forward(images, { temperature, hard })`: `[batch, height, width, inChannels] → { reconstruction, logits }`. In training tokens are drawn softly
 * (`gumbelSoftmax`), by the pass's key; in inference each place has its likeliest one. The reconstruction has no last activation. Height
 * and width divide by 2^(groups − 1).
 *
 * Training lowers the temperature from 1 to 1/16 and makes `negativeElbo(reconstruction, images, { logits })` of `@ddnet/losses` small.
 *
 * @see Ramesh et al. 2021, "Zero-shot text-to-image generation", section 2.1 and appendix A; van den Oord et al. 2017
 * @example
 * const tokens = model.encode(images) // int32 [batch, height / 8, width / 8], for a GPT
 * model.decode(tokens)
 */
export class DiscreteVAE extends Module {
  readonly encoder: Sequential
  readonly decoder: Sequential
  readonly vocabulary: number

  /** @throws RangeError unless all are positive integers, and the width a multiple of 4 */
  constructor(options: DiscreteVAEOptions = {}) {
    super()
    const { inChannels = 3, outChannels = inChannels, vocabulary = 8192 } = options
    const { width = 256, groups = 4, blocks = 2, embedding = 128 } = options
    const sizes = { inChannels, outChannels, vocabulary, width, groups, blocks, embedding }
    for (const [name, size] of Object.entries(sizes)) {
      if (Number.isInteger(size) && size >= 1 && (name !== 'width' || size % 4 === 0)) continue
      const expected = name === 'width' ? 'a multiple of 4' : 'a positive integer'
      throw new RangeError(`DiscreteVAE: expected ${name} to be ${expected}, got ${size}.`)
    }
    this.vocabulary = vocabulary
    const gain = 1 / (groups * blocks) ** 2
    const widths = Array.from({ length: groups }, (_, group) => width * 2 ** group)
    const widest = width * 2 ** (groups - 1)

    /** Blocks to each width in turn, and between the groups what changes height and width. */
    const body = (
      first: number,
      channels: readonly number[],
      kernels: readonly [number, number, number, number],
      between: Layer,
    ): Layer[] =>
      channels.flatMap((count, group): Layer[] => {
        const chain = Array.from({ length: blocks }, (_, block) => {
          const before = block > 0 ? count : (channels[group - 1] ?? first)
          return new Bottleneck(before, count, kernels, gain)
        })
        return group < groups - 1 ? [...chain, between] : chain
      })
    this.encoder = new Sequential(
      conv(inChannels, width, 7),
      ...body(width, widths, [3, 3, 3, 1], halved),
      relu,
      conv(widest, vocabulary, 1),
    )
    this.decoder = new Sequential(
      conv(vocabulary, embedding, 1),
      ...body(embedding, widths.toReversed(), [1, 3, 3, 3], doubled),
      relu,
      conv(width, outChannels, 1),
    )
  }

  override forward(images: Tensor, options: GumbelSoftmaxOptions = {}): DiscreteVAEResult {
    const logits = this.encoder.forward(images)
    const pass = currentPass()
    const codes = pass.training ? gumbelSoftmax(logits, pass.keyOf(this), options) : argMax(logits, -1)
    return { reconstruction: this.decode(codes), logits }
  }

  /** The likeliest tokens, int32 `[batch, height / 2^(groups − 1), width / 2^(groups − 1)]`. */
  encode(images: Tensor): Tensor {
    return argMax(this.encoder.forward(images), -1)
  }

  /** @param codes int32 tokens `[batch, height, width]`, or shares of all tokens `[batch, height, width, vocabulary]` */
  decode(codes: Tensor): Tensor {
    return this.decoder.forward(codes.dtype === 'int32' ? oneHot(codes, this.vocabulary) : codes)
  }
}
