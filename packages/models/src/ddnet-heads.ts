import { Conv2d, initializers, Module, type ModuleOf } from '@ddnet/layers'
import type { Tensor } from '@ddnet/ops'
import { entryOf, itemAt } from '@ddnet/ops/checks'
import { ClassHead } from './class-head.ts'
import { DDNetBody, type DDNetBodyOptions } from './ddnet.ts'

/** So many values of each pixel: `[batch, height, width, channels] → [batch, height, width, outputs]`. */
export class PixelHead extends Conv2d {
  constructor(channels: number, outputs: number) {
    super(channels, outputs, { kernelSize: 1 })
  }
}

/** What a detector says of each pixel. */
export interface DetectionMaps {
  /** Logits of a centre of each class, `[batch, height, width, classes]`. */
  readonly heatMap: Tensor
  /** Width and height of the box around a centre, `[batch, height, width, 2]`. */
  readonly size: Tensor
  /** How far the centre is to the right of the pixel and below it, `[batch, height, width, 2]`. */
  readonly offset: Tensor
}

/**
 * Objects as points: `[batch, height, width, channels] → { heatMap, size, offset }`. The heat map begins near 0.1 everywhere.
 *
 * @see Zhou et al. 2019, "Objects as points"
 */
export class DetectionHead extends Module {
  readonly heatMap: Conv2d
  readonly size: Conv2d
  readonly offset: Conv2d

  constructor(channels: number, classes: number) {
    super()
    // The bias that Lin et al. 2017 give rare classes: log(0.1 / 0.9).
    this.heatMap = new Conv2d(channels, classes, { kernelSize: 1, biasInit: initializers.constant(-Math.log(9)) })
    this.size = new Conv2d(channels, 2, { kernelSize: 1 })
    this.offset = new Conv2d(channels, 2, { kernelSize: 1 })
  }

  override forward(x: Tensor): DetectionMaps {
    return { heatMap: this.heatMap.forward(x), size: this.size.forward(x), offset: this.offset.forward(x) }
  }
}

export interface PixelDDNetOptions extends DDNetBodyOptions {
  /** Values of each pixel: classes of a mask, or channels of an image. */
  readonly outputs?: number
  /** What they are, and what the head is called in checkpoints: `heads.mask` or `heads.image`. */
  readonly head?: 'mask' | 'image'
}

/**
 * DDNet that answers for each pixel, as a segmentation (`head: 'mask'`, logits of classes) or a reconstruction (`head: 'image'`) needs it.
 *
 * `forward`: `[batch, height, width, inChannels] → [batch, height, width, outputs]`; height and width divide by 2^stages.
 *
 * @example new PixelDDNet({ outputs: 3, head: 'image' })
 */
export class PixelDDNet extends DDNetBody {
  readonly heads: { readonly mask: PixelHead } | { readonly image: PixelHead }

  /** @throws RangeError as `DDNet` */
  constructor({ outputs = 2, head = 'mask', ...options }: PixelDDNetOptions = {}) {
    super(options)
    const made = new PixelHead(itemAt(this.encoder, 0).conv.outChannels, outputs)
    this.heads = head === 'mask' ? { mask: made } : { image: made }
  }

  override forward(images: Tensor): Tensor {
    const head = 'mask' in this.heads ? this.heads.mask : this.heads.image
    return head.forward(this.features(images)) // [batch, height, width, outputs]
  }
}

/** How many values each head gives: classes of the whole image, of each pixel and of objects, and channels of an image. */
export interface HeadSizes {
  readonly class?: number
  readonly mask?: number
  readonly image?: number
  readonly objects?: number
}

interface HeadKinds {
  readonly class: ClassHead
  readonly mask: PixelHead
  readonly image: PixelHead
  readonly objects: DetectionHead
}

/** The heads there may be, on so many channels. */
const headKinds: {
  readonly [Name in keyof HeadKinds]: (channels: number, size: number) => HeadKinds[Name]
} = {
  class: (channels, classes) => new ClassHead(channels, classes),
  mask: (channels, classes) => new PixelHead(channels, classes),
  image: (channels, outputs) => new PixelHead(channels, outputs),
  objects: (channels, classes) => new DetectionHead(channels, classes),
}

type Heads<Sizes extends HeadSizes> = { readonly [Name in keyof Sizes & keyof HeadKinds]: HeadKinds[Name] }

/** What each head gives. */
export type HeadResults<Sizes extends HeadSizes> = {
  readonly [Name in keyof Sizes & keyof HeadKinds]: ReturnType<HeadKinds[Name]['forward']>
}

/**
 * DDNet of several heads on the same features: classes of the image (`class`, `[batch, classes]`) and of each pixel (`mask`), the image again
 * (`image`) and objects (`objects`, as `DetectionHead`). Each is called `heads.NAME`, so that checkpoints of `DDNet` and `PixelDDNet` load with
 * `strict: false`.
 *
 * `forward`: `[batch, height, width, inChannels] → { NAME: what the head gives }`; height and width divide by 2^stages.
 *
 * @example
 * const model = init(new MultiHeadDDNet({ class: 10, image: 3 }, { skip: true }), random.key(42))
 * const { class: logits, image } = model.forward(images)
 */
export class MultiHeadDDNet<const Sizes extends HeadSizes> extends DDNetBody {
  readonly heads: Heads<Sizes>
  readonly #heads: readonly (readonly [string, ModuleOf<[features: Tensor], unknown>])[]

  /** @throws RangeError for no head or one that there is not, and as `DDNet` */
  constructor(sizes: Sizes, options: DDNetBodyOptions = {}) {
    super(options)
    const names = Object.keys(sizes)
    if (names.length === 0 || names.some((name) => !Object.hasOwn(headKinds, name))) {
      throw new RangeError(
        `MultiHeadDDNet: expected heads of ${Object.keys(headKinds).join(', ')}, got ${names.length === 0 ? 'none' : names.join(', ')}.`,
      )
    }
    const channels = itemAt(this.encoder, 0).conv.outChannels
    this.#heads = Object.entries(sizes).map(([name, size]) => [name, entryOf(headKinds, name)(channels, size)])
    this.heads = recordOf(this.#heads) // each by its own kind
  }

  override forward(images: Tensor): HeadResults<Sizes> {
    const features = this.features(images)
    return recordOf(this.#heads.map(([name, head]) => [name, head.forward(features)]))
  }
}

/** A record whose type its caller knows: entries do not tell the kinds of values by their names. */
const recordOf = <Kinds>(entries: readonly (readonly [string, unknown])[]): Kinds =>
  Object.fromEntries(entries) as Kinds
