import { kernelSource, observeKernels } from '@ddnet/ops/kernels'
import { getBackend } from '@tensorflow/tfjs-core'

/** Kernels that move no data on any backend. */
const free = new Set(['Reshape', 'Identity'])

/** The kernels that `run` calls on the current backend, in their order: compositions by their parts, and free ones left out. */
export function kernelsRun(run: () => unknown): string[] {
  const names: string[] = []
  let depth = 0
  const stop = observeKernels(({ kernelName }) => {
    if (kernelSource(kernelName, getBackend()) === 'composition') return undefined
    // What a kernel calls on its way belongs to it.
    if (depth === 0 && !free.has(kernelName)) names.push(kernelName)
    depth++
    return () => depth--
  })
  try {
    run()
  } finally {
    stop()
  }
  return names
}
