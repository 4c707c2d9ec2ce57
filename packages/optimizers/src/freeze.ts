import type { GradientTransformation, ParameterMask } from './gradient-transformation.ts'
import { filterTensors } from './tensors.ts'

/**
 * Leaves parameters as they are: the parts behind it in the chain neither see them nor keep a state for them, as in PyTorch
 * where `requires_grad` is false.
 *
 * @param mask which parameters
 * @throws Error, from `init`, where it freezes none of the parameters or all of them
 * @example chain(freeze((path) => path.startsWith('backbone.')), adam({ learningRate: 1e-3 }))
 */
export function freeze(mask: ParameterMask): GradientTransformation {
  return {
    name: 'freeze',
    frozen: mask,
    init(params) {
      const paths = Object.keys(params)
      const trained = Object.keys(filterTensors(params, (path, parameter) => !mask(path, parameter)))
      if (trained.length === 0 || trained.length === paths.length) {
        throw new Error(
          `freeze: expected some of the parameters to be frozen, but ${trained.length === 0 ? 'all' : 'none'} are. They are ${paths.join(', ')}.`,
        )
      }
      return {}
    },
    update: (updates, _, params) => ({
      updates: filterTensors(updates, (path) => {
        const parameter = params[path]
        return parameter !== undefined && !mask(path, parameter)
      }),
    }),
  }
}
