import { keep, type Tensor, tidy } from '@ddnet/ops'
import { observeKernels } from '@ddnet/ops/kernels'

/** An operator that ran on something that depends on the model's input; tensors are told by their ids. */
export interface TracedOperation {
  readonly name: string
  readonly inputs: readonly (readonly [name: string, id: number])[]
  readonly attributes: Readonly<Record<string, unknown>>
  readonly outputs: readonly number[]
  /** What it is composed of; nothing where the backend has a kernel for it. */
  readonly parts: readonly TracedOperation[]
}

export interface TracedTensor {
  readonly shape: readonly number[]
  readonly dtype: string
  /** A handle of its own on a tensor that the input has no part in. */
  readonly constant?: Tensor
  /** For a tensor that depends on the input: its number, which is the same in every run. */
  readonly at?: number
}

export interface Trace {
  readonly operations: readonly TracedOperation[]
  readonly tensors: ReadonlyMap<number, TracedTensor>
  readonly input: number
  readonly outputs: Readonly<Record<string, number>>
}

/** What is exported: a module, or a function of its input. Several outputs have names. */
export type Forward = (x: Tensor) => Tensor | Readonly<Record<string, Tensor>>

/**
 * Runs `forward` once and notes the operators that depend on `x`, in order. What does not depend on it is a constant,
 * however it was computed. The trace's constants are the caller's to dispose.
 *
 * @param outputName the name of the output where `forward` gives one tensor
 * @param onTensor is shown each tensor that depends on the input, while it is there
 */
export function traceForward(
  forward: Forward,
  x: Tensor,
  outputName: string,
  onTensor: (at: number, tensor: Tensor) => void = () => {},
): Trace {
  const tensors = new Map<number, TracedTensor>([[x.id, { shape: x.shape, dtype: x.dtype, at: 0 }]])
  let count = 1
  const operations: TracedOperation[] = []
  const open = [operations]
  let isShowing = false
  const stop = observeKernels(({ kernelName, inputs, attributes }) => {
    if (isShowing) return () => {} // what they who look on do is no part of the model
    const given = Object.entries(inputs).filter(([, tensor]) => tensor !== undefined && tensor !== null)
    const depends = given.some(([, { id }]) => tensors.has(id) && tensors.get(id)?.constant === undefined)
    const parts: TracedOperation[] = []
    if (depends) {
      for (const [, tensor] of given) {
        if (tensors.has(tensor.id)) continue
        const constant = keep(tensor.clone())
        tensors.set(tensor.id, { shape: tensor.shape, dtype: tensor.dtype, constant })
      }
    }
    open.push(parts)
    return (outputs) => {
      open.pop()
      // An operator may hide its input from the tape, and then only its parts are seen to have it.
      if (outputs === undefined || (!depends && parts.length === 0)) return
      for (const tensor of outputs) {
        const { id, shape, dtype } = tensor
        if (tensors.has(id)) continue
        tensors.set(id, { shape, dtype, at: count })
        isShowing = true
        onTensor(count++, tensor)
        isShowing = false
      }
      open.at(-1)?.push({
        name: kernelName,
        inputs: depends ? given.map(([name, { id }]) => [name, id] as const) : [],
        attributes,
        outputs: outputs.map(({ id }) => id),
        parts,
      })
    }
  })
  try {
    const outputs: Record<string, number> = {}
    tidy(() => {
      const result = forward(x)
      const named = 'dtype' in result ? { [outputName]: result as Tensor } : result
      for (const [name, { id }] of Object.entries(named)) outputs[name] = id
    })
    return { operations, tensors, input: x.id, outputs }
  } catch (error) {
    disposeConstants(tensors)
    throw error
  } finally {
    stop()
  }
}

export function disposeConstants(tensors: Trace['tensors']): void {
  for (const { constant } of tensors.values()) constant?.dispose()
}
