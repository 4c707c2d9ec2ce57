import type { KernelBackend } from '@tensorflow/tfjs-core'

/**
 * Makes waiting for a result leave the processor to the adapter that computes on it. Dawn asks for finished work in
 * every turn of Node's event loop, which keeps a whole core busy; with this each turn sleeps for a millisecond.
 * A DDNet step (batch 32) took 1.7 s instead of 2.8 (SwiftShader, two cores).
 */
export function readPatiently(backend: Pick<KernelBackend, 'read'>): void {
  const nobody = new Int32Array(new SharedArrayBuffer(4))
  let waiting = 0
  // One loop at most: a read may begin before the loop of the last one has noticed its end.
  let sleeping = false
  const sleep = (): void => {
    sleeping = waiting > 0
    if (!sleeping) return
    Atomics.wait(nobody, 0, 0, 1)
    setImmediate(sleep)
  }
  const read = backend.read.bind(backend)
  backend.read = async (id) => {
    waiting++
    if (!sleeping) {
      sleeping = true
      setImmediate(sleep)
    }
    try {
      return await read(id)
    } finally {
      waiting--
    }
  }
}
