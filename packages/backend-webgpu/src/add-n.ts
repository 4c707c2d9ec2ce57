import { itemAt } from '@ddnet/ops/checks'
import type { KernelBackend, KernelFunc, TensorInfo } from '@tensorflow/tfjs-core'

/**
 * AddN of any number of tensors. tfjs's kernel binds all inputs and the output to one dispatch, which is invalid above
 * the device's limit of storage buffers and reads as zeros; this one adds as many at a time as can be bound.
 */
export const addNOfAnyNumber =
  ({ maxStorageBuffersPerShaderStage }: GPUSupportedLimits) =>
  (stock: KernelFunc): KernelFunc =>
  ({ inputs, backend }) => {
    // The engine passes AddN's list of tensors where its types say a record.
    const terms = [...(inputs as unknown as TensorInfo[])]
    const sums: TensorInfo[] = []
    do {
      const group = terms.splice(0, maxStorageBuffersPerShaderStage - 1)
      const sum = stock({ inputs: group as never, backend }) as TensorInfo
      terms.unshift(sum)
      sums.push(sum)
    } while (terms.length > 1)
    for (const { dataId } of sums.slice(0, -1)) (backend as KernelBackend).disposeData(dataId)
    return itemAt(terms, 0)
  }
