import { Conv2d, ConvTranspose2d, Module, pipe } from '@ddnet/layers'
import { relu, type Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { ClassHead } from './class-head.ts'

class Encoder extends Module {
  readonly conv: Conv2d

  constructor(inChannels: number, outChannels: number) {
    super()
    this.conv = new Conv2d(inChannels, outChannels, { kernelSize: 3, padding: 1 })
  }

  override forward(x: Tensor): Tensor {
    return pipe(x, this.conv, relu)
  }
}

class Decoder extends Module {
  readonly deconv: ConvTranspose2d
  readonly #last: boolean

  constructor(inChannels: number, outChannels: number, last: boolean) {
    super()
    this.deconv = new ConvTranspose2d(inChannels, outChannels, { kernelSize: 3, stride: 2, padding: 1 })
    this.#last = last
  }

  override forward(x: Tensor): Tensor {
    return pipe(x, this.deconv, this.#last ? undefined : relu)
  }
}

/**
 * The article's network, literally, with the smallest repair that lets it classify (a global average and a linear layer).
 *
 * Convolutions 3 → 32 → 64 → 128 (kernel 3, stride 1, padding 1, ReLU), transposed convolutions 128 → 64 → 32 → 3
 * (kernel 3, stride 2, padding 1). Without pooling and output padding a 32 × 32 image becomes 249 × 249 × 3, and a
 * 224 × 224 one 1785 × 1785 × 3.
 */
export class SeedDDNet extends Module {
  readonly encoder: readonly Encoder[]
  readonly decoder: readonly Decoder[]
  readonly heads: { readonly class: ClassHead }

  constructor({ classes = 10 }: { readonly classes?: number } = {}) {
    super()
    const down = [3, 32, 64, 128] as const
    const up = [128, 64, 32, 3] as const
    this.encoder = [0, 1, 2].map((stage) => new Encoder(itemAt(down, stage), itemAt(down, stage + 1)))
    this.decoder = [0, 1, 2].map((stage) => new Decoder(itemAt(up, stage), itemAt(up, stage + 1), stage === 2))
    this.heads = { class: new ClassHead(3, classes) }
  }

  override forward(images: Tensor): Tensor {
    let x = images // [batch, height, width, 3]
    for (const stage of this.encoder) x = stage.forward(x) // [batch, height, width, 128]
    for (const stage of this.decoder) x = stage.forward(x) // [batch, 8·height − 7, 8·width − 7, 3]
    return this.heads.class.forward(x) // [batch, classes]
  }
}
