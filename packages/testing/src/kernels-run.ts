import { kernelSource } from '@ddnet/ops/kernels'
import { engine, getBackend } from '@tensorflow/tfjs-core'

/** Kernels that move no data on any backend. */
const free = new Set(['Reshape', 'Identity'])

/** The kernels that `run` calls on the current backend, in their order: compositions by their parts, and free ones left out. */
export function kernelsRun(run: () => unknown): string[] {
  const names: string[] = []
  const observed = engine()
  const original = observed.runKernel
  let depth = 0
  observed.runKernel = (name, inputs, attributes) => {
    const isWhole = kernelSource(name, getBackend()) !== 'composition'
    // What a kernel calls on its way belongs to it.
    if (isWhole && depth === 0 && !free.has(name)) names.push(name)
    depth += isWhole ? 1 : 0
    try {
      return original.call(observed, name, inputs, attributes) as never
    } finally {
      depth -= isWhole ? 1 : 0
    }
  }
  try {
    run()
  } finally {
    // The method of the class shows again.
    Reflect.deleteProperty(observed, 'runKernel')
  }
  return names
}
