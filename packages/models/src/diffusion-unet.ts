import { Conv2d, Dropout, Embedding, GroupNorm, initializers, Linear, Module, pipe } from '@ddnet/layers'
import {
  add,
  concat,
  embedding,
  interpolate,
  padConstant,
  reshape,
  scaledDotProductAttention,
  silu,
  type Tensor,
  tensor,
} from '@ddnet/ops'
import { itemAt, lastItem, tuple } from '@ddnet/ops/checks'
import { expectLabels } from './conditional.ts'
import { expectChannels } from './expect-channels.ts'

/** Begins as nothing, so that a block begins as the identity. */
const zeros = { weightInit: initializers.zeros, biasInit: initializers.zeros }

/** Two convolutions with a way around them; the time is added between them, to each channel. */
class TimedBlock extends Module {
  readonly norm1: GroupNorm
  readonly conv1: Conv2d
  readonly temb_proj: Linear
  readonly norm2: GroupNorm
  readonly dropout: Dropout
  readonly conv2: Conv2d
  readonly nin_shortcut: Conv2d | undefined

  constructor(
    inChannels: number,
    outChannels: number,
    { channels, groups, dropout }: { readonly channels: number; readonly groups: number; readonly dropout: number },
  ) {
    super()
    this.norm1 = new GroupNorm(groups, inChannels, { eps: 1e-6 })
    this.conv1 = new Conv2d(inChannels, outChannels, { kernelSize: 3, padding: 1 })
    this.temb_proj = new Linear(4 * channels, outChannels)
    this.norm2 = new GroupNorm(groups, outChannels, { eps: 1e-6 })
    this.dropout = new Dropout(dropout)
    this.conv2 = new Conv2d(outChannels, outChannels, { kernelSize: 3, padding: 1, ...zeros })
    if (inChannels !== outChannels) this.nin_shortcut = new Conv2d(inChannels, outChannels, { kernelSize: 1 })
  }

  override forward(x: Tensor, time: Tensor): Tensor {
    const shift = this.temb_proj.forward(silu(time)) // [batch, outChannels]
    const [batch, channels] = tuple(shift.shape, 2)
    const timed = add(pipe(x, this.norm1, silu, this.conv1), reshape(shift, [batch, 1, 1, channels]))
    return add(pipe(x, this.nin_shortcut), pipe(timed, this.norm2, silu, this.dropout, this.conv2))
  }
}

/** Each pixel asks all others, by one head. */
class PixelAttention extends Module {
  readonly norm: GroupNorm
  readonly q: Conv2d
  readonly k: Conv2d
  readonly v: Conv2d
  readonly proj_out: Conv2d

  constructor(channels: number, groups: number) {
    super()
    this.norm = new GroupNorm(groups, channels, { eps: 1e-6 })
    this.q = new Conv2d(channels, channels, { kernelSize: 1 })
    this.k = new Conv2d(channels, channels, { kernelSize: 1 })
    this.v = new Conv2d(channels, channels, { kernelSize: 1 })
    this.proj_out = new Conv2d(channels, channels, { kernelSize: 1, ...zeros })
  }

  override forward(x: Tensor): Tensor {
    const [batch, height, width, channels] = tuple(x.shape, 4)
    const normed = this.norm.forward(x)
    const [q, k, v] = tuple(
      [this.q, this.k, this.v].map((each) => reshape(each.forward(normed), [batch, height * width, channels])),
      3,
    )
    return add(x, this.proj_out.forward(reshape(scaledDotProductAttention(q, k, v), x.shape)))
  }
}

class Downsample extends Module {
  readonly conv: Conv2d

  constructor(channels: number) {
    super()
    this.conv = new Conv2d(channels, channels, { kernelSize: 3, stride: 2 })
  }

  override forward(x: Tensor): Tensor {
    // At the bottom and right alone, as TensorFlow pads, in which the paper's network was written.
    const [none, behind] = [[0, 0] as const, [0, 1] as const]
    return this.conv.forward(padConstant(x, [none, behind, behind, none]))
  }
}

class Upsample extends Module {
  readonly conv: Conv2d

  constructor(channels: number) {
    super()
    this.conv = new Conv2d(channels, channels, { kernelSize: 3, padding: 1 })
  }

  override forward(x: Tensor): Tensor {
    return this.conv.forward(interpolate(x, { scaleFactor: 2 }))
  }
}

/** Blocks of one size, and an attention behind each where this is the scale for it. */
interface Level {
  readonly block: readonly TimedBlock[]
  readonly attn: readonly PixelAttention[]
}

export interface DiffusionUNetOptions {
  /** Of the images, and of the noise that is found in them. */
  readonly inChannels?: number
  /** Channels at full size. */
  readonly channels?: number
  /** By how much the channels of each level are multiplied; each level but the first has half the height and width. */
  readonly multipliers?: readonly number[]
  /** Blocks of a level on the way down; on the way up there is one more. */
  readonly blocks?: number
  /** The level at which pixels attend to each other, counted from 0, the full size. */
  readonly attention?: number
  /** Of the group norms, which divide all channels. */
  readonly groups?: number
  readonly dropout?: number
  /** How many noise levels there are: times are 0 … steps − 1. */
  readonly steps?: number
  /**
   * Of how many classes images are, where it is told each image's; none by default. One more, `classes` itself, stands for any class, by
   * which guidance without a classifier goes.
   */
  readonly classes?: number | undefined
}

/** The network of Ho et al. 2020 for CIFAR-10: 35,746,307 parameters. */
export const ddpmCifar10: DiffusionUNetOptions = {
  channels: 128,
  multipliers: [1, 2, 2, 2],
  blocks: 2,
  attention: 1,
  groups: 32,
  dropout: 0.1,
}

/**
 * The U-Net of denoising diffusion: says what noise is in images, of which each is told how much it has. Residual blocks with group norm, the
 * time added in each, attention at one level and in the middle. Small by default, 1,113,955 parameters; `ddpmCifar10` is the paper’s.
 *
 * `forward`: images `[batch, height, width, inChannels]` and times, int32 `[batch]`, `→ [batch, height, width, inChannels]`; height and width
 * divide by 2^(levels − 1). `noiseLoss` trains it, `denoise` makes images with it; images are −1 … 1. With `classes` it takes labels, too,
 * which are added to the time, as in Dhariwal and Nichol 2021.
 *
 * @see Ho et al. 2020, "Denoising diffusion probabilistic models", appendix B
 * @example
 * const model = init(new DiffusionUNet(), random.key(42))
 * const schedule = ddpmSchedule()
 * noiseLoss(model, schedule, images, key)
 */
export class DiffusionUNet extends Module {
  readonly temb: { readonly dense: readonly [Linear, Linear] }
  readonly conv_in: Conv2d
  readonly down: readonly (Level & { readonly downsample: Downsample | undefined })[]
  readonly mid: { readonly block_1: TimedBlock; readonly attn_1: PixelAttention; readonly block_2: TimedBlock }
  readonly up: readonly (Level & { readonly upsample: Upsample | undefined })[]
  readonly norm_out: GroupNorm
  readonly conv_out: Conv2d
  /** What is added to the time for each class, and for any of them. */
  declare readonly label_emb?: Embedding
  readonly steps: number
  readonly classes: number | undefined
  readonly #times: Float32Array

  /** @throws RangeError for sizes that are not positive integers, an attention at no level, or groups that do not divide the channels */
  constructor(options: DiffusionUNetOptions = {}) {
    super()
    const { inChannels = 3, channels = 32, multipliers = [1, 2, 2], blocks = 1, attention = 1 } = options
    const { groups = 8, dropout = 0, steps = 1000, classes } = options
    expectChannels('DiffusionUNet', [inChannels, ...multipliers.map((multiplier) => channels * multiplier)])
    for (const [name, count] of Object.entries({ blocks, steps })) {
      if (Number.isInteger(count) && count >= 1) continue
      throw new RangeError(`DiffusionUNet: expected ${name} as a positive integer, got ${count}.`)
    }
    if (!Number.isInteger(attention) || attention < 0 || attention >= multipliers.length) {
      throw new RangeError(
        `DiffusionUNet: expected attention at a level of 0 … ${multipliers.length - 1}, got ${attention}.`,
      )
    }
    if (channels % 2 !== 0 || channels < 4) {
      throw new RangeError(`DiffusionUNet: expected an even number of channels of at least 4, got ${channels}.`)
    }
    const all = { channels, groups, dropout }
    const widths = multipliers.map((multiplier) => channels * multiplier)
    const widest = lastItem(widths)
    const attentions = (level: number, count: number) =>
      Array.from({ length: level === attention ? count : 0 }, () => new PixelAttention(itemAt(widths, level), groups))

    this.#times = timeTable(steps, channels)
    this.steps = steps
    this.classes = classes
    if (classes !== undefined) this.label_emb = new Embedding(classes + 1, 4 * channels)
    this.temb = { dense: [new Linear(channels, 4 * channels), new Linear(4 * channels, 4 * channels)] }
    this.conv_in = new Conv2d(inChannels, channels, { kernelSize: 3, padding: 1 })
    this.down = widths.map((width, level) => ({
      block: Array.from(
        { length: blocks },
        (_, at) => new TimedBlock(at === 0 ? (widths[level - 1] ?? channels) : width, width, all),
      ),
      attn: attentions(level, blocks),
      downsample: level < widths.length - 1 ? new Downsample(width) : undefined,
    }))
    this.mid = {
      block_1: new TimedBlock(widest, widest, all),
      attn_1: new PixelAttention(widest, groups),
      block_2: new TimedBlock(widest, widest, all),
    }
    this.up = widths.map((width, level) => ({
      block: Array.from({ length: blocks + 1 }, (_, at) => {
        const below = at === 0 ? (widths[level + 1] ?? widest) : width
        const skip = at === blocks ? (widths[level - 1] ?? channels) : width
        return new TimedBlock(below + skip, width, all)
      }),
      attn: attentions(level, blocks + 1),
      upsample: level > 0 ? new Upsample(width) : undefined,
    }))
    this.norm_out = new GroupNorm(groups, channels * itemAt(multipliers, 0), { eps: 1e-6 })
    this.conv_out = new Conv2d(channels * itemAt(multipliers, 0), inChannels, { kernelSize: 3, padding: 1, ...zeros })
  }

  /** @param labels int32 `[batch]`, of a network with classes */
  override forward(x: Tensor, times: Tensor, labels?: Tensor): Tensor {
    expectLabels('DiffusionUNet', x, this.classes, labels)
    const [first, second] = this.temb.dense
    const table = tensor(this.#times, [this.steps, first.inFeatures])
    const moment = pipe(embedding(times, table), first, silu, second) // [batch, 4 · channels]
    const time = this.label_emb && labels ? add(moment, this.label_emb.forward(labels)) : moment

    const seen = [this.conv_in.forward(x)]
    for (const { block, attn, downsample } of this.down) {
      for (const [at, each] of block.entries()) seen.push(pipe(each.forward(lastItem(seen), time), attn[at]))
      if (downsample) seen.push(downsample.forward(lastItem(seen)))
    }
    let y = this.mid.block_1.forward(lastItem(seen), time) // [batch, height / 2^(levels − 1), width / 2^(levels − 1), channels]
    y = this.mid.block_2.forward(this.mid.attn_1.forward(y), time)
    for (const { block, attn, upsample } of this.up.toReversed()) {
      for (const [at, each] of block.entries()) {
        y = pipe(each.forward(concat([y, lastItem(seen)], -1), time), attn[at])
        seen.pop()
      }
      y = pipe(y, upsample)
    }
    return pipe(y, this.norm_out, silu, this.conv_out)
  }
}

/** Sines and cosines of each time by frequencies from 1 to 1/10,000, `[steps, channels]`. @see Vaswani et al. 2017, section 3.5 */
function timeTable(steps: number, channels: number): Float32Array {
  const half = channels / 2
  return Float32Array.from({ length: steps * channels }, (_, at) => {
    const [time, place] = [Math.floor(at / channels), at % channels]
    const angle = time * 10_000 ** -((place % half) / (half - 1))
    return place < half ? Math.sin(angle) : Math.cos(angle)
  })
}
