import { clone, type Tensor, tidy } from '@ddnet/ops'
import { entryOf } from '@ddnet/ops/checks'
import { type Chain, compose } from './chain.ts'
import type { GradientTransformation, Optimizer, Tensors } from './gradient-transformation.ts'
import { filterTensors, mapTensors, matching } from './tensors.ts'

// A type, not an interface: `tidy` returns records of tensors.
/** All that an optimizer remembers, in a form that any file of tensors can hold. */
export type OptimizerState = {
  /** Updates done so far. */
  readonly step: number
  /** `PART.SLOT.PARAMETER`, for example `adam.m.encoder.0.conv.weight`, in the parameter's own layout. */
  readonly tensors: Tensors
  /** How many of the updates passed a parameter by, for want of a gradient; without those that had every one. */
  readonly missed?: Readonly<Record<string, number>>
}

/**
 * The state before the first update.
 *
 * @param params those that are trained. One that is frozen at first needs no state: it gets one with its first gradient
 * @throws Error for an optimizer without a learning rate, which would add the gradients to the parameters
 */
export function initState(optimizer: Optimizer, params: Tensors): OptimizerState {
  expectLearningRate(optimizer)
  return { step: 0, tensors: compose([optimizer]).init(params) }
}

/** The types say so already, but not to JavaScript. */
function expectLearningRate(optimizer: GradientTransformation): void {
  if (optimizer.learningRate !== undefined) return
  const parts = (optimizer.parts ?? [optimizer]).map(({ name }) => name)
  throw new Error(
    `optimizer: expected a learning rate, got ${parts.length === 0 ? 'an empty chain' : parts.join(', ')} without one, which would climb. End it with scaleByLearningRate(1e-3), or with an optimizer such as adam(…).`,
  )
}

/**
 * One update of the parameters that have a gradient, of their shape. One without is left as it is, weight decay and momentum
 * included, as PyTorch leaves a parameter whose `grad` is None; each parameter's updates are counted by themselves.
 *
 * Values in, values out: it returns new tensors only and disposes none of its arguments. The caller, usually the trainer, owns
 * both sides and disposes the old parameters, the old state and the gradients.
 *
 * @throws Error for a gradient of another shape, of no parameter, or if there are none
 * @example
 * let state = initState(optimizer, params)
 * ;({ params, state } = applyGradients(optimizer, grads, state, params))
 */
export function applyGradients(
  optimizer: Optimizer,
  grads: Tensors,
  state: OptimizerState,
  params: Tensors,
): { params: Tensors; state: OptimizerState } {
  expectGradients(grads, params)
  const missed: Record<string, number> = {}
  for (const path of Object.keys(params)) {
    const count = (state.missed?.[path] ?? 0) + Number(grads[path] === undefined)
    if (count > 0) missed[path] = count
  }
  const info = { step: state.step, stepOf: (path: string) => state.step + 1 - (missed[path] ?? 0) }
  const taken = new Set([...Object.values(params), ...Object.values(grads), ...Object.values(state.tensors)])
  const owned = (tensor: Tensor): Tensor => (taken.has(tensor) ? clone(tensor) : tensor)
  const whole = compose([optimizer])
  return tidy(() => {
    const trained = matching(params, grads) // in the order of the parameters
    const updates = mapTensors(trained, (_, path) => entryOf(grads, path))
    const before = { ...state.tensors, ...stateOfNew(whole, trained, state) }
    const changed = whole.apply(updates, before, trained, info)
    const next = mapTensors(params, (old, path) => owned(changed.params[path] ?? old))
    const inner = { ...before, ...changed.state }
    const all: Tensors = { ...inner, ...whole.after(inner, next, info) }
    expectState(all, before)
    return {
      params: next,
      state: {
        step: state.step + 1,
        tensors: mapTensors(all, owned),
        ...(Object.keys(missed).length > 0 && { missed }),
      },
    }
  })
}

/**
 * The weights to evaluate and to keep in place of the parameters of these paths, where the optimizer averages some: the state's
 * own tensors. Undefined where it does not.
 */
export const averagedParams = (optimizer: Optimizer, state: OptimizerState): Tensors | undefined =>
  compose([optimizer]).average?.(state.tensors)

/** Names come from two sides, so they are checked at this edge. */
function expectGradients(grads: Tensors, params: Tensors): void {
  const entries = Object.entries(grads)
  if (entries.length === 0) throw new Error('optimizer: expected a gradient of at least one parameter, got none.')
  for (const [name, gradient] of entries) {
    const parameter = params[name]
    if (parameter === undefined) {
      throw new Error(
        `optimizer: there is a gradient for '${name}', which is not a parameter. They are ${Object.keys(params).join(', ')}.`,
      )
    }
    if (gradient.shape.join() !== parameter.shape.join()) {
      throw new Error(
        `optimizer: '${name}': expected a gradient of shape [${parameter.shape}], got [${gradient.shape}].`,
      )
    }
  }
}

/** What the state lacks for parameters that have their first gradient after the first update. */
function stateOfNew(whole: Chain, trained: Tensors, { step, missed, tensors }: OptimizerState): Tensors {
  const fresh = filterTensors(trained, (path) => step > 0 && missed?.[path] === step)
  if (Object.keys(fresh).length === 0) return {}
  return filterTensors(whole.init(fresh), (name) => tensors[name] === undefined)
}

/** A checkpoint has the names of `init`, and a resume asks for those. */
function expectState(state: Tensors, before: Tensors): void {
  const added = Object.keys(state).find((name) => before[name] === undefined)
  if (added !== undefined) {
    throw new Error(
      `optimizer: an update returned '${added}' of the state, which init did not make. Make it there, too.`,
    )
  }
}
