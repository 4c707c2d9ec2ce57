import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core'

/** The elementwise kernels that combine two tensors. */
export const binaryKernels = ['Add', 'Sub', 'Multiply', 'RealDiv', 'Maximum', 'Minimum', 'SquaredDifference'] as const

/**
 * Gives a vector that is combined with a tensor of more axes the same number of axes, `[32]` as `[1, 1, 1, 32]`.
 * tfjs copies a bare vector into workgroup memory and computes one element an invocation; with equal ranks it computes
 * four and needs no barrier: `[8, 32, 32, 32] · [32]` took 7 ms instead of 236 (SwiftShader, best of 3).
 */
export const alignedBroadcast =
  (stock: KernelFunc): KernelFunc =>
  ({ inputs, backend, attrs = {} }) => {
    const operands = Object.entries(inputs) as [string, TensorInfo][]
    const rank = Math.max(...operands.map(([, { shape }]) => shape.length))
    const aligned = operands.map(([name, tensor]) => [name, align(tensor, rank)])
    return stock({ inputs: Object.fromEntries(aligned), backend, attrs })
  }

function align(tensor: TensorInfo, rank: number): TensorInfo {
  if (tensor.shape.length !== 1 || rank === 1) return tensor
  const { dataId, dtype, shape } = tensor
  return { dataId, dtype, shape: [...new Array<number>(rank - 1).fill(1), ...shape] }
}
