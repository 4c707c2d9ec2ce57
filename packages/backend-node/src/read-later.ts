import type { KernelBackend } from '@tensorflow/tfjs-core'

/**
 * Makes `data()` read after the event loop has turned three times. TensorFlow's addon has no read but one that waits for the
 * device; on a GPU, which works behind the host, a training loop gives it the next steps before that.
 */
export function readLater(backend: KernelBackend): void {
  backend.read = async (dataId) => {
    backend.incRef(dataId) // the tensor may be disposed of in the meantime
    try {
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
      return await backend.readSync(dataId)
    } finally {
      backend.disposeData(dataId)
    }
  }
}
