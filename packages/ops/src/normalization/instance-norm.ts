import type { Tensor } from '@tensorflow/tfjs-core'
import { expectOperand, expectOptions } from '../checks/expect.ts'
import { itemAt, lastItem } from '../checks/item.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { type AffineOptions, affineOptions, expectAffine, normalise } from './affine.ts'

/**
 * Instance normalisation: `y = activation((x − mean) / √(var + eps) · weight + bias)`, with the mean and the biased
 * variance of each sample's channel over all positions. Running statistics, which PyTorch can keep, are not.
 *
 * @param x `[batch, …, channels]`, float32, with more than one position
 * @param options `weight` and `bias` are `[channels]`
 * @throws ShapeError if there is one position, or a shape, dtype or eps does not fit
 * @see torch.nn.functional.instance_norm; Ulyanov et al. 2016, "Instance normalization"
 * @example instanceNorm(images) // [batch, height, width, channels]
 */
export function instanceNorm<T extends Tensor>(x: T, options: AffineOptions = {}): T {
  expectOperand('instanceNorm', 'x', x)
  expectOptions('instanceNorm', options, affineOptions)
  if (x.rank < 3) throw new ShapeError(`instanceNorm: expected x [batch, …, channels], got [${x.shape}].`)
  const [batch, channels] = [itemAt(x.shape, 0), lastItem(x.shape)]
  const { weight, bias } = options
  expectAffine('instanceNorm', x, { weight, bias }, [channels], options)
  const positions = x.shape.slice(1, -1).reduce((product, size) => product * size, 1)
  if (positions === 1) {
    throw new ShapeError(`instanceNorm: expected more than one position to a channel, got x [${x.shape}].`)
  }
  return normalise(x, [batch, positions, channels], channels, options)
}
