import { avgPool2d, pad, ShapeError, type Tensor } from '@ddnet/ops'
import { Module } from './module.ts'

export interface BlurPool2dConfig {
  /** Of the filter: 3 by default, which is [1, 2, 1] / 4 along each axis. */
  readonly kernelSize?: number
  readonly stride?: number
}

/**
 * Takes every second pixel after a binomial low-pass filter, `[1, 2, 1]ᵀ [1, 2, 1] / 16` for size 3, over edges that are mirrored, so that a
 * shift of the image by a pixel changes little: `[batch, height, width, channels] → [batch, ⌈height / stride⌉, ⌈width / stride⌉, channels]`
 * for odd kernels. In front of it a max pooling or convolution has stride 1.
 *
 * Row k of Pascal's triangle is [1, 1] convolved with itself k times, so that the filter is a chain of averages over 2 × 2 pixels.
 *
 * @throws ShapeError for images smaller than the mirrored border
 * @see Zhang 2019, "Making convolutional networks shift-invariant again"; timm.layers.BlurPool2d
 * @example new Sequential(new MaxPool2d({ kernelSize: 2, stride: 1 }), new BlurPool2d())
 */
export class BlurPool2d extends Module {
  /** @throws RangeError unless the kernel has at least 2 values and the stride is at least 1 */
  constructor(readonly config: BlurPool2dConfig = {}) {
    super()
    const { kernelSize = 3, stride = 2 } = config
    if (!Number.isInteger(kernelSize) || kernelSize < 2 || !Number.isInteger(stride) || stride < 1) {
      throw new RangeError(
        `BlurPool2d: expected a kernelSize of at least 2 and a stride of at least 1, got ${kernelSize} and ${stride}.`,
      )
    }
  }

  override forward(x: Tensor): Tensor {
    if (x.rank !== 4) throw new ShapeError(`BlurPool2d: expected x [batch, height, width, channels], got [${x.shape}].`)
    const { kernelSize = 3, stride = 2 } = this.config
    const side = Math.floor((stride - 1 + kernelSize - 1) / 2)
    const frame = [side, side] as const
    let y: Tensor = pad(x, [[0, 0], frame, frame, [0, 0]], { mode: 'reflect' })
    for (let at = 2; at < kernelSize; at++) y = avgPool2d(y, { kernelSize: 2, stride: 1 })
    return avgPool2d(y, { kernelSize: 2, stride })
  }
}
