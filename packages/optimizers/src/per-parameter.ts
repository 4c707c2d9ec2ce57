import type { Tensor } from '@ddnet/ops'
import { entryOf } from '@ddnet/ops/checks'
import type { GradientTransformation, Tensors } from './gradient-transformation.ts'
import { zerosOfSlots } from './tensors.ts'

/** One parameter in an update. */
export interface ParameterUpdate<Slot extends string> {
  readonly path: string
  readonly parameter: Tensor
  /** The gradient, or what the parts before made of it. */
  readonly update: Tensor
  /** The number of this update of the parameter, from 1. */
  readonly step: number
  /** What is remembered of the parameter, in its shape: zeros at first. */
  readonly state: Readonly<Record<Slot, Tensor>>
}

/**
 * A transformation that does the same with each parameter.
 *
 * @param rule `slots` name what it remembers of a parameter; `update` gives the new update and the new slots
 * @example
 * const lion = perParameter({
 *   name: 'lion',
 *   slots: ['m'],
 *   update: ({ update: g, state: { m } }) => ({
 *     update: sign(add(mul(0.9, m), mul(0.1, g))),
 *     state: { m: add(mul(0.99, m), mul(0.01, g)) },
 *   }),
 * })
 * const optimizer = chain(lion, decayWeights(0.1), scaleByLearningRate(1e-4))
 */
export function perParameter<const Slot extends string = never>(rule: {
  readonly name: string
  readonly slots?: readonly Slot[]
  readonly update: (one: ParameterUpdate<Slot>) => {
    readonly update: Tensor
    readonly state?: Readonly<Record<Slot, Tensor>>
  }
}): GradientTransformation {
  const { name, slots = [] } = rule
  const slotsOf = (path: string, value: (slotName: string) => Tensor): Record<Slot, Tensor> =>
    Object.fromEntries(slots.map((slot) => [slot, value(`${slot}.${path}`)])) as Record<Slot, Tensor> // of each slot
  return {
    name,
    ...(slots.length > 0 && {
      init: (params: Tensors) => zerosOfSlots(slots, params),
    }),
    update(updates, state, params, { stepOf }) {
      const next = Object.entries(updates).map(([path, update]) => {
        const parameter = entryOf(params, path) // of the same names
        const own = slotsOf(path, (slotName) => entryOf(state, slotName)) // of `init`
        return { path, ...rule.update({ path, parameter, update, step: stepOf(path), state: own }) }
      })
      const changed = next.flatMap(({ path, state: own }) =>
        Object.entries<Tensor>(own ?? {}).map(([slot, tensor]) => [`${slot}.${path}`, tensor] as const),
      )
      return {
        updates: Object.fromEntries(next.map(({ path, update }) => [path, update])),
        state: Object.fromEntries(changed),
      }
    },
  }
}
