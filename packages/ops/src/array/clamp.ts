import type { Tensor } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp } from '../autodiff/define-op.ts'
import { expectOperand, expectOptions } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { greaterEqual, lessEqual } from './compare.ts'
import { expectDtype } from './dtype.ts'
import { logicalAnd } from './logical.ts'
import { where } from './where.ts'

export interface ClampOptions {
  /** Nothing is below; no bound by default. */
  readonly min?: number
  /** Nothing is above; no bound by default. It wins where it is below `min`. */
  readonly max?: number
}

interface Bounds {
  readonly min: number
  readonly max: number
}

/** Float32 values between two bounds; NaN stays. Activations share it. */
export const clampValues = (x: Tensor, { min, max }: Bounds): Tensor => tf.minimum(tf.maximum(x, min), max)

const clampOp = defineOp('clamp', {
  inputs: ['x'],
  forward: ({ x }: { x: Tensor }, bounds: Bounds) => clampValues(x, bounds),
  gradient: {
    x: (dy, { x }, { min, max }) => {
      return where(logicalAnd(greaterEqual(x, min), lessEqual(x, max)), dy, 0)
    },
  },
})

/**
 * `min(max(x, options.min), options.max)`; NaN stays. The derivative is 1 between the bounds and on them, 0 outside and at NaN.
 *
 * @param x any shape, float32
 * @throws ShapeError if `x` is not float32, or both bounds are missing
 * @see torch.clamp, which also takes tensors as bounds: `minimum(maximum(x, min), max)` does that
 * @example clamp(tensor([-2, 0.5, 9]), { min: 0, max: 6 }) // [0, 0.5, 6]
 */
export function clamp(x: Tensor, options: ClampOptions = {}): Tensor {
  expectOptions('clamp', options, { min: true, max: true })
  const { min, max } = options
  expectOperand('clamp', 'x', x)
  expectDtype('clamp', 'x', x, 'float32')
  if (min === undefined && max === undefined) {
    throw new ShapeError('clamp: expected min, max or both, got neither. Give a bound.')
  }
  return clampOp({ x }, { min: min ?? Number.NEGATIVE_INFINITY, max: max ?? Number.POSITIVE_INFINITY })
}
