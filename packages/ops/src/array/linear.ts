import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { addBias } from '../convolution/bias.ts'
import { ShapeError } from '../engine/shape-error.ts'
import { matMul } from './mat-mul.ts'
import { reshape } from './shape.ts'

/**
 * `y = x · weightᵀ + bias` over the last axis.
 *
 * @param x `[…, inFeatures]`
 * @param weight `[outFeatures, inFeatures]`, as in PyTorch
 * @returns `[…, outFeatures]`
 * @throws ShapeError if the last axis of `x` is not `inFeatures`
 */
export function linear<T extends Tensor>(x: T, weight: Tensor2D, bias?: Tensor1D): T {
  const [outFeatures, inFeatures] = weight.shape
  if (x.shape.at(-1) !== inFeatures) {
    throw new ShapeError(`linear: expected last axis ${inFeatures}, got [${x.shape}]. Flatten the input first.`)
  }
  const rows = matMul(reshape(x, [-1, inFeatures]), weight, false, true) // [rows, outFeatures]
  return reshape(addBias(rows, bias), [...x.shape.slice(0, -1), outFeatures]) as T
}
