import { type Tensor, tidy } from '@tensorflow/tfjs-core'
import { expectOperand } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { addBias, expectBias } from '../convolution/bias.ts'
import { expectDtype } from './dtype.ts'
import { matMul } from './mat-mul.ts'
import { reshape } from './shape.ts'

/**
 * `y = x · weightᵀ + bias` over the last axis.
 *
 * @param x `[…, inFeatures]`
 * @param weight `[outFeatures, inFeatures]`, as in PyTorch
 * @returns `[…, outFeatures]`
 * @throws ShapeError if the last axis of `x` is not `inFeatures`, `weight` is no matrix, or `bias` is not `[outFeatures]`
 * @see torch.nn.functional.linear
 */
export function linear<T extends Tensor>(x: T, weight: Tensor, bias?: Tensor): T {
  expectOperand('linear', 'x', x)
  expectOperand('linear', 'weight', weight)
  if (bias !== undefined) expectOperand('linear', 'bias', bias)
  expectDtype('linear', 'x', x, 'float32')
  expectDtype('linear', 'weight', weight, 'float32')
  if (weight.rank !== 2) {
    throw new ShapeError(`linear: expected weight [outFeatures, inFeatures], got [${weight.shape}].`)
  }
  const [outFeatures, inFeatures] = weight.shape as [number, number]
  if (x.shape.at(-1) !== inFeatures) {
    throw new ShapeError(`linear: expected last axis ${inFeatures}, got [${x.shape}]. Flatten the input first.`)
  }
  expectBias('linear', bias, outFeatures)
  return tidy(() => {
    const rows: Tensor = matMul(reshape(x, [-1, inFeatures]), weight, false, true) // [rows, outFeatures]
    return reshape(addBias(rows, bias), [...x.shape.slice(0, -1), outFeatures]) as T
  })
}
