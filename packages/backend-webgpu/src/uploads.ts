import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu'
import { type DataType, util } from '@tensorflow/tfjs-core'

/** What tfjs keeps of a tensor: its values while they are on the host alone. */
interface TensorData {
  readonly dtype: DataType
  readonly shape: number[]
  values: ArrayLike<number> | null
  resource: GPUBuffer | null
}

/**
 * Uploads tensors by the queue. tfjs creates a staging buffer for each upload once there are buffers to reuse, and
 * records a copy from it, which ends the pass.
 *
 * The queue writes before anything that is recorded but not submitted. That is right here: a buffer that is free to be
 * taken is in no such command, as those of tensors that commands use are freed when the commands are submitted.
 */
export function uploadByQueue(backend: WebGPUBackend): void {
  const uploadToGPU = backend.uploadToGPU.bind(backend)
  backend.uploadToGPU = (dataId) => {
    const data = backend.tensorMap.get(dataId) as TensorData
    if (data.resource || !data.values || data.values.length === 0) return uploadToGPU(dataId)
    const values = wordsOf(data.values, data.dtype)
    const bytes = 4 * util.sizeFromShape(data.shape)
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
    data.resource = backend.bufferManager.acquireBuffer(bytes, usage)
    backend.queue.writeBuffer(data.resource, 0, values)
    data.values = null // as tfjs does: the device's are the ones that count
  }
}

/** As the device has them: 32 bits each. */
function wordsOf(values: ArrayLike<number>, dtype: DataType): Float32Array | Int32Array {
  const Words = dtype === 'float32' ? Float32Array : Int32Array
  return values instanceof Words ? values : Words.from(values)
}
