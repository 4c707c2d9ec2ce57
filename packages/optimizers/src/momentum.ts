import { sgdUpdates } from '@ddnet/ops'
import { kernelTransformation } from './fuse.ts'
import type { GradientTransformation } from './gradient-transformation.ts'
import { expectNonNegative } from './option-checks.ts'

export interface MomentumOptions {
  /** The share of the new gradient that the velocity leaves out. */
  dampening?: number
  /** Look ahead along the velocity; needs no dampening. */
  nesterov?: boolean
}

/**
 * A velocity instead of the gradient: `u ← μu + (1 − dampening)g` (`u ← g` at first), or `g + μu` with Nesterov's look-ahead.
 *
 * @param decay μ, what the velocity keeps of itself
 * @throws RangeError for options out of range
 * @see Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning"
 */
export function momentum(
  decay = 0.9,
  { dampening = 0, nesterov = false }: MomentumOptions = {},
): GradientTransformation {
  if (!(decay > 0 && Number.isFinite(decay))) {
    throw new RangeError(`momentum: expected a decay above 0, got ${decay}.`)
  }
  expectNonNegative('momentum', { dampening })
  if (nesterov && dampening !== 0) {
    throw new RangeError(`momentum: nesterov needs dampening 0, got ${dampening}.`)
  }
  return kernelTransformation('momentum', {
    slots: ['velocity'],
    decoupled: false,
    kernel: (inputs, { learningRate, weightDecay, step }) =>
      sgdUpdates(
        inputs.map(({ parameter, gradient, slots: [velocity] }) => ({
          parameter,
          gradient,
          ...(velocity && { velocity }),
        })),
        { learningRate, weightDecay, step, momentum: decay, dampening, nesterov },
      ),
  })
}
