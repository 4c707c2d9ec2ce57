import { type InterpolateOptions, interpolate, type Tensor } from '@ddnet/ops'
import { Module } from './module.ts'

/** `mode` is 'nearest' by default, as in PyTorch; either `size` or `scaleFactor`. */
export type UpsampleConfig = Pick<InterpolateOptions, 'size' | 'scaleFactor' | 'mode' | 'alignCorners'>

/**
 * Resizes images, `[batch, height, width, channels] → [batch, outHeight, outWidth, channels]`: copies pixels ('nearest'), or weighs the
 * nearest ones ('bilinear', 'bicubic'; see `interpolate` of `@ddnet/ops`).
 *
 * @throws ShapeError unless exactly one of `size` and `scaleFactor` is given
 * @see torch.nn.Upsample
 * @example new Upsample({ scaleFactor: 2, mode: 'bilinear' })
 */
export class Upsample extends Module {
  constructor(readonly config: UpsampleConfig) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return interpolate(x, this.config)
  }
}
