import { add } from '@ddnet/ops'
import { fuse } from './fuse.ts'
import type { GradientTransformation, Optimizer, Tensors, UpdateInfo } from './gradient-transformation.ts'
import type { Schedule } from './schedules/schedule.ts'
import { mapTensors, matching, ofPrefix, withPrefix } from './tensors.ts'

/** An optimizer, where one of the parts is. */
export type Chained<Parts extends readonly GradientTransformation[]> =
  Extract<Parts[number], Optimizer> extends never ? GradientTransformation : Optimizer

/**
 * Transformations one after the other: the gradients go through the first, what it makes of them through the second, and so on.
 * The state of each is named after it. Parts that a kernel computes together, such as Adam, decay and learning rate, run as
 * that kernel.
 *
 * @throws Error for two learning rates; from `init`, for two parts with a state and one name
 * @example chain(clipByGlobalNorm(1), adamW({ learningRate: 3e-4 }), ema(0.999))
 */
export function chain<const Parts extends readonly GradientTransformation[]>(...parts: Parts): Chained<Parts> {
  return compose(parts) as Chained<Parts> // it has a learning rate if a part has
}

/** All that a chain does, whatever its parts do. */
export type Chain = GradientTransformation &
  Required<Pick<GradientTransformation, 'init' | 'update' | 'apply' | 'after' | 'parts'>>

export function compose(transformations: readonly GradientTransformation[]): Chain {
  const parts = transformations.flatMap((part) => part.parts ?? [part])
  const learningRate = onlyRate(parts)
  const averaging = parts.findLast((part) => part.average !== undefined)
  const acting = parts.filter((part) => part.update !== undefined)
  const last = lastOf(acting)

  /** The parts of `some`, in turn. */
  const run = (
    some: readonly GradientTransformation[],
    updates: Tensors,
    state: Tensors,
    params: Tensors,
    info: UpdateInfo,
  ) =>
    some.reduce(
      (now, part) => {
        const next = part.update?.(now.updates, ofPrefix(part.name, state), matching(params, now.updates), info) ?? now
        return { updates: next.updates, state: { ...now.state, ...withPrefix(part.name, next.state ?? {}) } }
      },
      { updates, state: {} as Tensors },
    )

  return {
    name: 'chain',
    parts,
    ...(learningRate !== undefined && { learningRate }),
    ...(averaging?.average !== undefined && {
      average: (state: Tensors) => averaging.average?.(ofPrefix(averaging.name, state)) ?? {},
    }),

    init(params) {
      const names = new Set<string>()
      const states = parts.map((part) => {
        const state = part.init?.(params) ?? {}
        if (Object.keys(state).length > 0) expectName(part.name, names)
        return withPrefix(part.name, state)
      })
      return Object.assign({}, ...states)
    },

    update: (updates, state, params, info) => run(acting, updates, state, params, info),

    apply(updates, state, params, info) {
      const before = run(acting.slice(0, last.from), updates, state, params, info)
      const own = ofPrefix(last.name, state)
      const done = last.apply(before.updates, own, matching(params, before.updates), info)
      return { params: done.params, state: { ...before.state, ...withPrefix(last.name, done.state ?? {}) } }
    },

    after: (state, params, info) =>
      Object.assign(
        {},
        ...parts.map((part) => withPrefix(part.name, part.after?.(ofPrefix(part.name, state), params, info) ?? {})),
      ),
  }
}

/** What makes new parameters in the end: the parts from `from` on. */
interface Last {
  readonly from: number
  readonly name: string
  readonly apply: NonNullable<GradientTransformation['apply']>
}

function lastOf(acting: readonly GradientTransformation[]): Last {
  const part = acting.at(-1)
  if (part?.apply !== undefined) return { from: acting.length - 1, name: part.name, apply: part.apply }
  return fuse(acting) ?? { from: acting.length, name: '', apply: addUpdates }
}

const addUpdates: Last['apply'] = (updates, _, params) => ({
  params: mapTensors(matching(params, updates), (parameter, path) => add(parameter, updates[path] ?? 0)),
})

function onlyRate(parts: readonly GradientTransformation[]): Schedule | undefined {
  const rated = parts.filter((part) => part.learningRate !== undefined)
  if (rated.length > 1) {
    throw new Error(
      `chain: expected one learning rate, got ${rated.length}, of ${rated.map(({ name }) => name).join(' and ')}. To give groups of parameters optimizers of their own, take partition(…).`,
    )
  }
  return rated[0]?.learningRate
}

/** Names begin those of the state's tensors, so they must tell the parts apart. */
function expectName(name: string, names: Set<string>): void {
  if (name === '' || name.includes('.')) {
    throw new Error(`chain: expected the name of a part with a state to have no dots, got '${name}'.`)
  }
  if (names.has(name)) {
    throw new Error(
      `chain: two parts called '${name}' keep a state. Give one of them another name: { ...part, name: '${name}2' }.`,
    )
  }
  names.add(name)
}
