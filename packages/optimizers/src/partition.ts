import type { Tensor } from '@ddnet/ops'
import { type Chain, compose } from './chain.ts'
import type { GradientTransformation, Optimizer, Tensors } from './gradient-transformation.ts'
import { composed } from './schedules/schedule.ts'
import { filterTensors, matching, ofPrefix, withPrefix } from './tensors.ts'

/** An optimizer, where each of the groups has one. */
export type Partitioned<Groups extends Readonly<Record<string, GradientTransformation>>> =
  Groups[keyof Groups] extends Optimizer ? Optimizer : GradientTransformation

/**
 * Groups of parameters, each with an optimizer of its own: PyTorch's `param_groups`.
 *
 * Its `learningRate`, which events and logs tell, is that of the first group in `groups`. A tensor of the state is called
 * `partition.GROUP.adam.m.PARAMETER`.
 *
 * @param groupOf the name of a parameter's group
 * @throws Error for a group with a dot in its name, where some groups have a learning rate and others none, and from `init` for a group that is not in `groups`
 * @example
 * partition((path) => (path.startsWith('head.') ? 'head' : 'backbone'), {
 *   head: adamW({ learningRate: 1e-3 }),
 *   backbone: adamW({ learningRate: 1e-5 }),
 * })
 */
export function partition<const Groups extends Readonly<Record<string, GradientTransformation>>>(
  groupOf: (path: string, parameter: Tensor) => keyof Groups & string,
  groups: Groups,
): Partitioned<Groups> {
  return partitioned(groupOf, groups) as Partitioned<Groups> // it has a learning rate if each group has
}

function partitioned(
  groupOf: (path: string, parameter: Tensor) => string,
  groups: Readonly<Record<string, GradientTransformation>>,
): GradientTransformation {
  const members = Object.entries(groups).map(([group, transformation]) => ({ group, own: compose([transformation]) }))
  const learningRate = expectRates(members)
  expectGroupNames(members)
  const names = new Set(members.map(({ group }) => group))
  const membersOf = (params: Tensors, group: string): Tensors =>
    filterTensors(params, (path, parameter) => groupOf(path, parameter) === group)

  /** What `run` makes of each group that has a member among `params`. */
  const each = <Result>(params: Tensors, run: (own: Chain, params: Tensors, group: string) => Result) =>
    members.flatMap(({ group, own }) => {
      const part = membersOf(params, group)
      return Object.keys(part).length === 0 ? [] : [{ group, ...run(own, part, group) }]
    })
  const merged = (parts: readonly Tensors[]): Tensors => Object.assign({}, ...parts)
  const states = (parts: readonly { group: string; state?: Tensors }[]): Tensors =>
    merged(parts.map(({ group, state = {} }) => withPrefix(group, state)))
  const averaging = members.filter(({ own }) => own.average !== undefined)

  return {
    name: 'partition',
    ...(learningRate !== undefined && { learningRate }),
    ...(averaging.length > 0 && {
      average: (state: Tensors) =>
        merged(averaging.map(({ group, own }) => own.average?.(ofPrefix(group, state)) ?? {})),
    }),

    init(params) {
      for (const [path, parameter] of Object.entries(params)) {
        const group = groupOf(path, parameter)
        if (!names.has(group)) {
          throw new Error(`partition: '${path}' is in the group '${group}'. The groups are ${[...names].join(', ')}.`)
        }
      }
      return states(each(params, (own, part) => ({ state: own.init(part) })))
    },

    update(updates, state, params, info) {
      const parts = each(params, (own, part, group) =>
        own.update(matching(updates, part), ofPrefix(group, state), part, info),
      )
      return { updates: merged(parts.map((part) => part.updates)), state: states(parts) }
    },

    ...(learningRate !== undefined && {
      apply: (updates, state, params, info) => {
        const parts = each(params, (own, part, group) =>
          own.apply(matching(updates, part), ofPrefix(group, state), part, info),
        )
        return { params: merged(parts.map((part) => part.params)), state: states(parts) }
      },
    }),

    after: (state, params, info) =>
      states(each(params, (own, part, group) => ({ state: own.after(ofPrefix(group, state), part, info) }))),
  }
}

/** That of the first group. */
function expectRates(members: readonly { group: string; own: Chain }[]) {
  const without = members.filter(({ own }) => own.learningRate === undefined).map(({ group }) => group)
  if (without.length > 0 && without.length < members.length) {
    throw new Error(
      `partition: expected a learning rate in each group, got none in ${without.join(', ')}. To leave parameters as they are, freeze them: model.freeze('backbone').`,
    )
  }
  const [first, ...others] = members.flatMap(({ own }) => own.learningRate ?? [])
  return first && composed([first, ...others], first)
}

/** They are parts of the state's names. */
function expectGroupNames(members: readonly { group: string }[]): void {
  const dotted = members.find(({ group }) => group === '' || group.includes('.'))
  if (dotted !== undefined) throw new Error(`partition: expected names of groups without dots, got '${dotted.group}'.`)
}
