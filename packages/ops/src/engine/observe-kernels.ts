import { engine, type NamedAttrMap, type NamedTensorMap, type Tensor } from '@tensorflow/tfjs-core'

/** A kernel that is about to run. */
export interface KernelCall {
  readonly kernelName: string
  /** By name; a list of tensors is named by position, as in `Concat`. */
  readonly inputs: Readonly<Record<string, Tensor>>
  readonly attributes: Readonly<Record<string, unknown>>
}

/**
 * Called before a kernel runs. What it returns is called after it, with the results, or with undefined where it threw.
 * Between the two calls come the kernels that it is composed of, where the backend runs a composition.
 */
export type KernelObserver = (call: KernelCall) => ((outputs: readonly Tensor[] | undefined) => void) | undefined

/**
 * Tells `observer` of every kernel that the engine runs, forward and backward, until the returned function is called.
 * Costs nothing while nobody observes. Kernels that the observer runs itself are not told to it.
 *
 * @returns stops observing; observers end in the reverse order of their beginning
 * @example
 * const stop = observeKernels(({ kernelName }) => {
 *   const start = performance.now()
 *   return () => console.log(kernelName, performance.now() - start)
 * })
 */
export function observeKernels(observer: KernelObserver): () => void {
  const target = engine()
  const inner = target.runKernel
  let busy = false
  const tell = <T>(run: () => T): T => {
    busy = true
    try {
      return run()
    } finally {
      busy = false
    }
  }
  const observed = <T extends Tensor | Tensor[]>(
    kernelName: string,
    inputs: NamedTensorMap,
    attrs?: NamedAttrMap,
  ): T => {
    if (busy) return inner.call(target, kernelName, inputs, attrs) as T
    const call = { kernelName, inputs, attributes: attrs ?? {} }
    const after = tell(() => observer(call))
    let outputs: readonly Tensor[] | undefined
    try {
      const result = inner.call(target, kernelName, inputs, attrs) as T // what the caller expects
      outputs = [result].flat() as Tensor[]
      return result
    } finally {
      if (after) tell(() => after(outputs))
    }
  }
  target.runKernel = observed
  return () => {
    if (target.runKernel !== observed) {
      throw new Error('observeKernels: another observer began later and still observes. Stop that one first.')
    }
    target.runKernel = inner
  }
}
