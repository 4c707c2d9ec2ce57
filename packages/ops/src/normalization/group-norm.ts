import type { Tensor } from '@tensorflow/tfjs-core'
import { expectOperand, expectOptions } from '../checks/expect.ts'
import { itemAt, lastItem } from '../checks/item.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { type AffineOptions, affineOptions, expectAffine, normalise } from './affine.ts'

export interface GroupNormOptions extends AffineOptions {
  /** Into how many groups of neighbours the channels are divided. */
  groups: number
}

/**
 * Group normalisation: `y = activation((x − mean) / √(var + eps) · weight + bias)`, with the mean and the biased
 * variance of each sample's group of neighbouring channels, over all positions.
 *
 * @param x `[batch, …, channels]`, float32, with more than one value in all to a group
 * @param options `weight` and `bias` are `[channels]`
 * @throws ShapeError if `groups` does not divide the channels, or a shape, dtype or eps does not fit
 * @see torch.nn.functional.group_norm; Wu & He 2018, "Group normalization"
 * @example groupNorm(images, { groups: 8, weight, bias }) // [batch, height, width, 32]
 */
export function groupNorm<T extends Tensor>(x: T, given: GroupNormOptions): T {
  expectOperand('groupNorm', 'x', x)
  expectOptions('groupNorm', given, { ...affineOptions, groups: true }, '{ groups: 8 }')
  const { groups, ...options } = given
  if (x.rank < 2) throw new ShapeError(`groupNorm: expected x [batch, …, channels], got [${x.shape}].`)
  const [batch, channels] = [itemAt(x.shape, 0), lastItem(x.shape)]
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new ShapeError(`groupNorm: expected groups to divide the ${channels} channels, got ${groups}.`)
  }
  const { weight, bias } = options
  expectAffine('groupNorm', x, { weight, bias }, [channels], options)
  if (x.size === groups) {
    throw new ShapeError(`groupNorm: expected more than one value to a group, got x [${x.shape}] in ${groups} groups.`)
  }
  return normalise(x, [batch, x.size / Math.max(1, batch * channels), channels], groups, options)
}
