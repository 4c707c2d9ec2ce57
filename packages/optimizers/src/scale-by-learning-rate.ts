import { mul, sgdUpdates } from '@ddnet/ops'
import type { Optimizer } from './gradient-transformation.ts'
import type { KernelRule } from './kernel-rule.ts'
import { asSchedule, type Schedule } from './schedules/schedule.ts'
import { mapTensors } from './tensors.ts'

/** Plain gradient descent. */
const descent: KernelRule = {
  slots: [],
  decoupled: true, // or not: it is the same
  kernel: (inputs, { learningRate, weightDecay, step }) =>
    sgdUpdates(
      inputs.map(({ parameter, gradient }) => ({ parameter, gradient })),
      { learningRate, weightDecay, step, momentum: 0, dampening: 0, nesterov: false },
    ),
}

/**
 * Multiplies updates by `−η`: downhill. The last of the parts that change updates.
 *
 * @throws RangeError for a rate below 0
 * @example chain(scaleByAdam(), scaleByLearningRate(cosine({ learningRate: 1e-3, steps })))
 */
export function scaleByLearningRate(rate: number | Schedule): Optimizer {
  const learningRate = asSchedule(rate)
  return {
    name: 'learningRate',
    learningRate,
    update: (updates, _, __, { step }) => ({
      updates: mapTensors(updates, (update) => mul(-learningRate(step), update)),
    }),
    fusable: { as: 'rate', rule: descent, learningRate },
  }
}
