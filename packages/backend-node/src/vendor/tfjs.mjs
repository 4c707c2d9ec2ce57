// Stands in for the @tensorflow/tfjs union, whose import would register tfjs's gradients for every backend.
export * from '@tensorflow/tfjs-core'

/** The kernels that tfjs-node's files wanted to register; the adapter registers them when it is asked to. */
export const registered = []

export function registerKernel(kernel) {
  registered.push(kernel)
}
