import type { WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu'
import { util } from '@tensorflow/tfjs-core'

const workgroupSize = 64
const mostWorkgroups = 65_535 // in one dimension

/** What a program says of its grid when each invocation makes one value of a result of `shape`. */
export function flatDispatch(
  shape: number[],
): Pick<WebGPUProgram, 'outputShape' | 'size' | 'workgroupSize' | 'dispatchLayout' | 'dispatch'> {
  const groups = Math.ceil(util.sizeFromShape(shape) / workgroupSize)
  const side = groups <= mostWorkgroups ? groups : Math.ceil(Math.sqrt(groups))
  return {
    outputShape: shape,
    size: true,
    workgroupSize: [workgroupSize, 1, 1],
    dispatchLayout: { x: shape.map((_, axis) => axis) },
    dispatch: [side, side < groups ? Math.ceil(groups / side) : 1, 1],
  }
}
