import { pixelShuffle, pixelUnshuffle, type Tensor } from '@ddnet/ops'
import { Module } from './module.ts'

/**
 * Channels to pixels, `[batch, height, width, channels · factor²] → [batch, height · factor, width · factor, channels]`, in PyTorch's order of the
 * channels. The convolution before it begins without a checkerboard by `initializers.icnr({ factor })`.
 *
 * @throws ShapeError if factor² does not divide the channels
 * @see torch.nn.PixelShuffle; Shi et al. 2016
 */
export class PixelShuffle extends Module {
  constructor(readonly factor: number) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.factor)
  }
}

/**
 * Pixels to channels, the inverse of `PixelShuffle`:
 * `[batch, height, width, channels] → [batch, height / factor, width / factor, channels · factor²]`.
 *
 * @throws ShapeError if the factor does not divide height and width
 * @see torch.nn.PixelUnshuffle
 */
export class PixelUnshuffle extends Module {
  constructor(readonly factor: number) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.factor)
  }
}
