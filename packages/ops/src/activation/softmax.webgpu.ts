import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { util } from '@tensorflow/tfjs-core'
import { itemAt } from '../checks/item.ts'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'
import { workgroupSize } from '../kernels/webgpu-lanes.ts'
import { softmaxOfRows } from '../kernels/webgpu-rows.ts'

/**
 * Softmax over the last axis, in one dispatch: a row of few values is one invocation's, one of many is shared by a
 * workgroup. A row with a NaN or +∞, or of −∞ alone, has none, and is NaN.
 */
export const softmaxWebgpu: KernelConfig = webgpuKernel<{ logits: Tensor }, { dim: number }>(
  'Softmax',
  ({ logits }, { dim }, gpu) => {
    const y = gpu.output(logits.shape)
    const columns = itemAt(logits.shape, dim)
    const rows = util.sizeFromShape(logits.shape) / Math.max(1, columns)
    const lanes = gpu.variant === 'gpu' && columns >= workgroupSize ? workgroupSize : 1
    gpu.run({
      label: lanes === 1 ? 'Softmax' : 'Softmax of a workgroup',
      reads: { logits: [logits, 'f32'] },
      writes: { y: [y, 'f32'] },
      uniforms: { rows, columns },
      floats: { nan: Number.NaN, infinity: Number.POSITIVE_INFINITY }, // WGSL has no constants of these
      workgroupSize,
      workgroups: Math.ceil((rows * lanes) / workgroupSize),
      code: () => /* wgsl */ `${softmaxOfRows(lanes, 'columns')}
  for (var c = lane; c < uniforms.columns; c += lanes) {
    y[first + c] = select(exp(logits[first + c] - peak) / sum, uniforms.nan, isBroken);
  }
}`,
    })
    return y
  },
)
