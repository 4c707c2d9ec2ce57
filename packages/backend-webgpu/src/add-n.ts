import {
  getKernel,
  type KernelBackend,
  type KernelFunc,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core'

/**
 * Replaces tfjs's AddN, which binds all its inputs and its output to one dispatch, by sums of as many inputs as
 * `device` can bind. With more the stock kernel is invalid and its result all zeros.
 */
export function replaceAddN(device: GPUDevice): void {
  const stock = getKernel('AddN', 'webgpu').kernelFunc
  const most = device.limits.maxStorageBuffersPerShaderStage - 1
  const addN: KernelFunc = ({ inputs, backend }) => {
    // The engine passes AddN's list of tensors where its types say a record.
    const terms = [...(inputs as unknown as TensorInfo[])]
    const partial: TensorInfo[] = []
    while (terms.length > 1 || partial.length === 0) {
      const sum = stock({ inputs: terms.splice(0, most) as never, backend }) as TensorInfo
      terms.unshift(sum)
      partial.push(sum)
    }
    const [result] = terms as [TensorInfo]
    for (const { dataId } of partial.slice(0, -1)) (backend as KernelBackend).disposeData(dataId)
    return result
  }
  unregisterKernel('AddN', 'webgpu')
  registerKernel({ kernelName: 'AddN', backendName: 'webgpu', kernelFunc: addN })
}
