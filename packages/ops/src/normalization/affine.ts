import { ones, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { type Activation, expectActivation } from '../activation/activations.ts'
import { clone } from '../array/cast.ts'
import { reshape } from '../array/shape.ts'
import { expectOperand, type OptionNames } from '../checks/expect.ts'
import { tuple } from '../checks/item.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { groupNormOp } from './group-norm-op.ts'

/** What follows the normalisation: `activation(x̂ · weight + bias)`. */
export interface AffineOptions {
  weight?: Tensor
  bias?: Tensor
  /** Added to the variance. */
  eps?: number
  activation?: Activation
}

/** Every option of `AffineOptions`. */
export const affineOptions: OptionNames<AffineOptions> = { weight: true, bias: true, eps: true, activation: true }

/** Checks the dtypes of a norm's tensors, the shapes of weight and bias, eps and the activation. */
export function expectAffine(
  operator: string,
  x: Tensor,
  vectors: Readonly<Record<string, Tensor | undefined>>,
  shape: readonly number[],
  { eps, activation }: AffineOptions,
): void {
  expectActivation(operator, activation)
  if (x.dtype !== 'float32') throw new ShapeError(`${operator}: expected x of dtype float32, got ${x.dtype}.`)
  for (const [name, vector] of Object.entries(vectors)) {
    if (vector === undefined) continue
    expectOperand(operator, name, vector)
    if (vector.rank !== shape.length || vector.shape.some((size, axis) => size !== shape[axis])) {
      throw new ShapeError(`${operator}: expected ${name} [${shape}] for x [${x.shape}], got [${vector.shape}].`)
    }
    if (vector.dtype !== 'float32') {
      throw new ShapeError(`${operator}: expected ${name} of dtype float32, got ${vector.dtype}.`)
    }
  }
  if (eps !== undefined && !(eps >= 0)) throw new ShapeError(`${operator}: expected eps of at least 0, got ${eps}.`)
}

/** Normalises `x`, seen as `view` `[outer, count, channels]`, over `count` and each of `groups` of neighbouring channels. */
export function normalise<T extends Tensor>(
  x: T,
  view: [number, number, number],
  groups: number,
  { weight, bias, eps = 1e-5, activation }: AffineOptions,
): T {
  if (x.size === 0) return clone(x)
  const channels = view[2]
  return tidy(() => {
    const inputs = {
      x: reshape(x, view),
      weight: weight === undefined ? ones([channels]) : reshape(weight, [channels]),
      bias: bias === undefined ? zeros([channels]) : reshape(bias, [channels]),
    }
    const [y] = tuple(groupNormOp(inputs, { groups, eps, ...(activation && { activation }) }), 1)
    return reshape(y, x.shape) as T
  })
}
