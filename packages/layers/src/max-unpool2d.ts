import { maxUnpool2d, ShapeError, type Size, type Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { Module } from './module.ts'
import { pairOf } from './pair-of.ts'

export interface MaxUnpool2dConfig {
  /** That of the pooling; so with the others. */
  readonly kernelSize: Size
  /** Default: `kernelSize`. */
  readonly stride?: Size
  readonly padding?: Size
}

/**
 * Puts each value back where the pooling took it from, its switch, and zeros elsewhere:
 * `[batch, height, width, channels] → [batch, outHeight, outWidth, channels]`, where `outHeight = (height − 1) · stride − 2 · padding + kernelSize`
 * unless the size is given, since poolings of several sizes have the same result.
 *
 * @see torch.nn.MaxUnpool2d; Noh et al. 2015, "Learning deconvolution network for semantic segmentation"
 * @example
 * const { values, indices } = this.pool.forward(x) // a MaxPool2dWithIndices
 * this.unpool.forward(values, indices, [x.shape[1], x.shape[2]])
 */
export class MaxUnpool2d extends Module {
  constructor(readonly config: MaxUnpool2dConfig) {
    super()
  }

  /**
   * @param indices where each value stood, from `MaxPool2dWithIndices`
   * @param outputSize height and width of what was pooled, less than a stride from the size by the formula
   * @throws ShapeError if shapes do not fit, or the size is another pooling's
   */
  override forward(values: Tensor, indices: Tensor, outputSize?: Size): Tensor {
    const { kernelSize, stride = kernelSize, padding = 0 } = this.config
    const [kernel, step, border] = [pairOf(kernelSize), pairOf(stride), pairOf(padding)]
    const plain = ([0, 1] as const).map(
      (axis) => (itemAt(values.shape, axis + 1) - 1) * step[axis] - 2 * border[axis] + kernel[axis],
    ) as [number, number]
    const size = outputSize === undefined ? plain : pairOf(outputSize)
    if (size.some((each, axis) => Math.abs(each - itemAt(plain, axis)) >= itemAt(step, axis))) {
      throw new ShapeError(
        `MaxUnpool2d: expected an outputSize less than the stride [${step}] from [${plain}], got [${size}]. Give height and width of what was pooled.`,
      )
    }
    return maxUnpool2d(values, indices, { outputSize: size })
  }
}
