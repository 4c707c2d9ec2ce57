import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu'
import { type KernelFunc, type TensorInfo, type TileAttrs, util } from '@tensorflow/tfjs-core'

/** Tile of any rank; the stock kernel refuses ranks above 4. There each axis is repeated in a pass of its own. */
export const tileOfAnyRank =
  (stock: KernelFunc): KernelFunc =>
  (call) => {
    const { x } = call.inputs as { x: TensorInfo }
    const { reps } = call.attrs as unknown as TileAttrs
    if (x.shape.length <= 4) return stock(call)
    const backend = call.backend as WebGPUBackend
    const shape = [...x.shape]
    let { dataId } = x
    for (const [axis, count] of reps.entries()) {
      if (count === 1) continue
      const rows = [util.sizeFromShape(shape.slice(0, axis)), util.sizeFromShape(shape.slice(axis))]
      const inputs = { x: { dataId, dtype: x.dtype, shape: rows } }
      const repeated = stock({ inputs, attrs: { reps: [1, count] }, backend }) as TensorInfo
      if (dataId !== x.dataId) backend.disposeData(dataId)
      dataId = repeated.dataId
      shape[axis] = (shape[axis] as number) * count
    }
    if (dataId === x.dataId) backend.incRef(dataId)
    return { dataId, dtype: x.dtype, shape }
  }
