import { clone, type Tensor } from '@ddnet/ops'
import type { OptimizerState, Tensors } from './optimizer.ts'

/** What one update of a parameter needs: its tensors in the state come in the order of the slots. */
interface Entry {
  readonly name: string
  readonly parameter: Tensor
  readonly gradient: Tensor
  readonly slots: readonly Tensor[]
}

/**
 * The rule `update` applied to the parameters that have a gradient, all of those with the same count of updates at once;
 * the others, and what the state holds of them, stay as they are. Each parameter's updates are counted by themselves, as in
 * PyTorch: Adam's correction of a parameter that is used for the first time is that of a first step.
 *
 * @param slots the names of the state's tensors of a parameter: `m` and `v` for `m.NAME` and `v.NAME`
 * @param update gives the new parameter and the new tensors of its slots for each of a group, whose update is its `step`-th
 * @throws Error for a gradient of another shape, of no parameter, or if there are none
 */
export function updated(
  slots: readonly string[],
  grads: Tensors,
  state: OptimizerState,
  params: Tensors,
  update: (group: readonly Entry[], step: number) => readonly Tensor[][],
): { params: Tensors; state: OptimizerState } {
  expectGradients(grads, params)
  const missed: Record<string, number> = {}
  const newParams: Record<string, Tensor> = {}
  const tensors: Record<string, Tensor> = {}
  const groups = new Map<number, Entry[]>()
  for (const [name, parameter] of Object.entries(params)) {
    const before = state.missed?.[name] ?? 0
    const gradient = grads[name]
    const own = slots.map((slot) => state.tensors[`${slot}.${name}`] as Tensor) // made by init from the same names
    const missing = gradient === undefined
    if (before > 0 || missing) missed[name] = before + Number(missing)
    // In the order of the parameters, whichever group changes them.
    newParams[name] = missing ? clone(parameter) : parameter
    for (const [at, slot] of slots.entries()) {
      tensors[`${slot}.${name}`] = missing ? clone(own[at] as Tensor) : (own[at] as Tensor)
    }
    if (missing) continue
    const step = state.step + 1 - before // of this parameter
    groups.set(step, [...(groups.get(step) ?? []), { name, parameter, gradient, slots: own }])
  }
  for (const [step, group] of groups) {
    for (const [at, [parameter, ...own]] of update(group, step).entries()) {
      const { name } = group[at] as Entry
      newParams[name] = parameter as Tensor
      for (const [place, slot] of slots.entries()) tensors[`${slot}.${name}`] = own[place] as Tensor
    }
  }
  return {
    params: newParams,
    state: { step: state.step + 1, tensors, ...(Object.keys(missed).length > 0 && { missed }) },
  }
}

/** Names come from two sides, so they are checked at this edge. */
function expectGradients(grads: Tensors, params: Tensors): void {
  const entries = Object.entries(grads)
  if (entries.length === 0) throw new Error('optimizer: expected a gradient of at least one parameter, got none.')
  for (const [name, gradient] of entries) {
    const parameter = params[name]
    if (parameter === undefined) {
      throw new Error(
        `optimizer: there is a gradient for '${name}', which is no parameter. They are ${Object.keys(params).join(', ')}.`,
      )
    }
    if (gradient.shape.join() !== parameter.shape.join()) {
      throw new Error(
        `optimizer: '${name}': expected a gradient of shape [${parameter.shape}], got [${gradient.shape}].`,
      )
    }
  }
}
