import { type KernelFunc, type TensorInfo, util } from '@tensorflow/tfjs-core'

/** Select of any rank, as one of rank 1; the stock kernel refuses ranks above 4. */
export const selectOfAnyRank =
  (stock: KernelFunc): KernelFunc =>
  (call) => {
    const { condition, t, e } = call.inputs as { condition: TensorInfo; t: TensorInfo; e: TensorInfo }
    if (t.shape.length <= 4 || !util.arraysEqual(condition.shape, t.shape)) return stock(call)
    const flat = ({ dataId, dtype, shape }: TensorInfo): TensorInfo => ({
      dataId,
      dtype,
      shape: [util.sizeFromShape(shape)],
    })
    const inputs = { condition: flat(condition), t: flat(t), e: flat(e) }
    const { dataId, dtype } = stock({ ...call, inputs }) as TensorInfo
    return { dataId, dtype, shape: t.shape }
  }
