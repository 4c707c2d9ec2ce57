import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { runElementwise } from '../kernels/webgpu-elementwise.ts'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'

/** One dispatch. */
export const reluGradientWebgpu: KernelConfig = webgpuKernel<{ dy: Tensor; x: Tensor }, object>(
  'reluGradient',
  ({ dy, x }, _, gpu) =>
    runElementwise(gpu, {
      label: 'reluGradient',
      reads: { dy, x },
      y: gpu.output(x.shape),
      value:
        x.dtype === 'float32'
          ? 'select(F(0.0), dy, (bitcast<I>(x) > I(0)) | isNaN(x))'
          : 'select(F(0.0), dy, x > I(0))',
    }),
)
