import { neg, type Tensor, zerosLike } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import type { GradientTransformation, Tensors, UpdateInfo } from './gradient-transformation.ts'
import type { Fusable, KernelAttributes, KernelInputs, KernelRule, NumberOf } from './kernel-rule.ts'
import { mapTensors, zerosOfSlots } from './tensors.ts'

const noDecay: NumberOf = () => 0
const fullRate: NumberOf = () => 1

/**
 * The longest end of a chain that is one kernel: the index of its first part, the name of the part whose state it changes,
 * and what runs it. Undefined where the last part is not a learning rate.
 */
export function fuse(
  parts: readonly GradientTransformation[],
): { from: number; name: string; apply: NonNullable<GradientTransformation['apply']> } | undefined {
  const at = (index: number): Fusable | undefined => parts[index]?.fusable
  let from = parts.length - 1
  const factors: NumberOf[] = []
  for (let part = at(from); part?.as === 'factor'; part = at(--from)) factors.push(part.factorOf)
  const rate = at(from)
  if (rate?.as !== 'rate') return undefined
  let { rule } = rate // the gradient alone
  let name = ''
  let decayOf = noDecay
  const behind = at(from - 1)
  if (behind?.as === 'decay') {
    from--
    decayOf = behind.decayOf
  }
  const decoupled = behind?.as === 'decay'
  const before = at(from - 1)
  if (before?.as === 'rule' && (before.rule.decoupled || !decoupled)) {
    from--
    rule = before.rule
    name = parts[from]?.name ?? ''
    const first = at(from - 1)
    if (!decoupled && first?.as === 'decay') {
      from--
      decayOf = first.decayOf
    }
  }
  const factorOf: NumberOf =
    factors.length === 0
      ? fullRate
      : (path, parameter) => factors.reduce((product, factor) => product * factor(path, parameter), 1)
  return {
    from,
    name,
    apply: (updates, state, params, info) => {
      const learningRate = rate.learningRate(info.step)
      return runKernel(rule, updates, state, params, info, { learningRate, decoupled, decayOf, factorOf })
    },
  }
}

/** A transformation that is the kernel's rule alone: it runs on parameters of 0, at the rate 1. */
export function kernelTransformation(name: string, rule: KernelRule): GradientTransformation {
  return {
    name,
    init: (params) => zerosOfSlots(rule.slots, params),
    update: (updates, state, _, info) => {
      const still = { learningRate: 1, decoupled: false, decayOf: noDecay, factorOf: fullRate }
      const { params, state: next } = runKernel(rule, updates, state, mapTensors(updates, zerosLike), info, still)
      return { updates: mapTensors(params, neg), state: next }
    },
    fusable: { as: 'rule', rule },
  }
}

/** The parameters of one count of updates, one decay and one rate are one call. */
function runKernel(
  { slots, kernel }: KernelRule,
  updates: Tensors,
  state: Tensors,
  params: Tensors,
  info: UpdateInfo,
  around: { learningRate: number; decoupled: boolean; decayOf: NumberOf; factorOf: NumberOf },
): { params: Tensors; state: Tensors } {
  const { learningRate, decoupled } = around
  const calls = new Map<string, { attributes: KernelAttributes; paths: string[]; inputs: KernelInputs[] }>()
  for (const [path, gradient] of Object.entries(updates)) {
    const parameter = params[path] as Tensor // of the same names
    const attributes = {
      learningRate: learningRate * around.factorOf(path, parameter),
      weightDecay: around.decayOf(path, parameter),
      decoupled,
      step: info.stepOf(path),
    }
    const key = `${attributes.step} ${attributes.weightDecay} ${attributes.learningRate}`
    const call = calls.get(key) ?? { attributes, paths: [], inputs: [] }
    calls.set(key, call)
    call.paths.push(path)
    call.inputs.push({ parameter, gradient, slots: slots.map((slot) => state[`${slot}.${path}`] as Tensor) }) // of `init`
  }
  const newParams: Record<string, Tensor> = {}
  const newState: Record<string, Tensor> = {}
  for (const { attributes, paths, inputs } of calls.values()) {
    for (const [index, [parameter, ...own]] of kernel(inputs, attributes).entries()) {
      const path = itemAt(paths, index)
      newParams[path] = parameter as Tensor
      for (const [place, slot] of slots.entries()) newState[`${slot}.${path}`] = own[place] as Tensor
    }
  }
  return { params: newParams, state: newState }
}
