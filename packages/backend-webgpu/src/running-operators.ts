import { engine } from '@tensorflow/tfjs-core'

/** The engine's own method behind `runKernel` and behind custom gradients. */
interface Engine {
  runKernelFunc(parameters: { readonly kernelName?: string }): unknown
}

/** The engine's operators that are running now, the outermost first: those after it are what it is composed of. */
export interface RunningOperators {
  readonly names: readonly string[]
  /** Follows them no longer. */
  stop(): void
}

/** Follows the engine's operators, and calls `onStart` at the start of each one. */
export function followOperators(onStart: () => void): RunningOperators {
  const names: string[] = []
  const observed = engine() as unknown as Engine
  const { runKernelFunc } = observed
  observed.runKernelFunc = (parameters) => {
    const { kernelName } = parameters
    if (kernelName === undefined) return runKernelFunc.call(observed, parameters)
    names.push(kernelName)
    try {
      onStart()
      return runKernelFunc.call(observed, parameters)
    } finally {
      names.pop()
    }
  }
  return {
    names,
    stop: () => {
      observed.runKernelFunc = runKernelFunc
    },
  }
}
