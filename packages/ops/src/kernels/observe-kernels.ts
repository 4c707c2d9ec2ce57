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

/** Who observes an engine. One place in it is patched, and only while somebody does; it is found there by other copies of this package. */
interface Observation {
  readonly observers: Set<KernelObserver>
  /** While an observer runs: what it computes is told to nobody. */
  telling: boolean
}

const key = Symbol.for('@ddnet/ops: who observes kernels')

/**
 * Tells `observer` of every kernel that the engine runs, forward and backward, until the returned function is called.
 * Costs nothing while nobody observes. Kernels that an observer runs itself are not told.
 *
 * What an observer throws before a kernel is thrown in its place.
 *
 * @returns stops observing
 * @example
 * const stop = observeKernels(({ kernelName }) => {
 *   const start = performance.now()
 *   return () => console.log(kernelName, performance.now() - start)
 * })
 */
export function observeKernels(observer: KernelObserver): () => void {
  const target: Engine & { [key]?: Observation } = engine()
  target[key] ??= patched(target)
  const { observers } = target[key]
  const own: KernelObserver = (call) => observer(call) // the same function may observe twice
  observers.add(own)
  return () => {
    observers.delete(own)
    if (observers.size > 0) return
    Reflect.deleteProperty(target, 'runKernel') // the method of the class shows again
    Reflect.deleteProperty(target, key)
  }
}

type Engine = ReturnType<typeof engine>

function patched(target: Engine): Observation {
  const { runKernel } = target
  const observation: Observation = { observers: new Set(), telling: false }
  const tell = (run: () => void): void => {
    observation.telling = true
    try {
      run()
    } finally {
      observation.telling = false
    }
  }
  target.runKernel = <T extends Tensor | Tensor[]>(
    kernelName: string,
    inputs: NamedTensorMap,
    attrs?: NamedAttrMap,
  ): T => {
    if (observation.telling) return runKernel.call(target, kernelName, inputs, attrs) as T
    const call = { kernelName, inputs, attributes: attrs ?? {} }
    const afterwards: NonNullable<ReturnType<KernelObserver>>[] = []
    let outputs: readonly Tensor[] | undefined
    try {
      tell(() => {
        for (const observer of observation.observers) {
          const after = observer(call)
          if (after !== undefined) afterwards.push(after)
        }
      })
      const result = runKernel.call(target, kernelName, inputs, attrs) as T // what the caller expects
      outputs = [result].flat()
      return result
    } finally {
      tell(() => {
        for (const after of afterwards.reverse()) after(outputs)
      })
    }
  }
  return observation
}
