import {
  engine,
  getKernel,
  type KernelConfig,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core'
import { entryOf } from '../checks/item.ts'

/** Where a kernel comes from: ours, tfjs's, or an operator's `forward`, composed of other operators. */
export type KernelSource = 'own' | 'stock' | 'composition'

/** What is known about functions and names; the engine's registry holds the kernels. */
interface Known {
  readonly own: WeakSet<KernelFunc>
  readonly compositions: Map<string, KernelFunc>
}

const key = Symbol.for('@ddnet/ops: where kernels come from')

/** It stands with the engine: two copies of this package in one process have one engine, and one registry of kernels. */
function known(): Known {
  const holder = engine() as { [key]?: Known }
  holder[key] ??= { own: new WeakSet(), compositions: new Map() }
  return holder[key]
}

/** Registers one of our kernels with tfjs's engine, in the place of one that has its name. */
export function registerOwnKernel(kernel: KernelConfig): void {
  known().own.add(kernel.kernelFunc)
  replace(kernel)
}

/** Makes an operator's composition the kernel of a backend that has none of its name. */
export function ensureKernel(kernelName: string, backendName: string, composition: KernelFunc): void {
  const { compositions } = known()
  if (!compositions.has(kernelName)) compositions.set(kernelName, composition)
  if (getKernel(kernelName, backendName) === undefined) {
    registerKernel({ kernelName, backendName, kernelFunc: entryOf(compositions, kernelName) })
  }
}

/** Runs an operator's composition on the current backend: what a kernel of its name does with a case that it leaves to it. */
export function runComposition(
  kernelName: string,
  inputs: NamedTensorInfoMap,
  attrs: object,
): TensorInfo | TensorInfo[] {
  const composition = entryOf(known().compositions, kernelName) // there since the operator was called
  return composition({ inputs, attrs: attrs as NamedAttrMap, backend: engine().backend })
}

/** The source of a registered kernel; undefined where the backend has none of that name. */
export function kernelSource(kernelName: string, backendName: string): KernelSource | undefined {
  const kernel = getKernel(kernelName, backendName)
  if (kernel === undefined) return undefined
  const { own, compositions } = known()
  if (own.has(kernel.kernelFunc)) return 'own'
  return compositions.get(kernelName) === kernel.kernelFunc ? 'composition' : 'stock'
}

/** Runs `run` with the compositions of the operators `kernelNames` in the place of a backend's own kernels. */
export function withCompositions<T>(kernelNames: Iterable<string>, backendName: string, run: () => T): T {
  const replaced: KernelConfig[] = []
  for (const kernelName of kernelNames) {
    const composition = known().compositions.get(kernelName)
    if (composition === undefined || kernelSource(kernelName, backendName) !== 'own') continue
    replaced.push(getKernel(kernelName, backendName))
    replace({ kernelName, backendName, kernelFunc: composition })
  }
  try {
    return run()
  } finally {
    for (const kernel of replaced) replace(kernel)
  }
}

function replace(kernel: KernelConfig): void {
  if (getKernel(kernel.kernelName, kernel.backendName) !== undefined) {
    unregisterKernel(kernel.kernelName, kernel.backendName)
  }
  registerKernel(kernel)
}
