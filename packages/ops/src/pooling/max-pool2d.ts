import type { Tensor4D } from '@tensorflow/tfjs-core'
import { expectTensor, type Pair, pair, type Size } from '../convolution/geometry.ts'
import { ShapeError } from '../engine/shape-error.ts'
import { maxPool2dOp, type PoolGeometry } from './max-pool2d-op.ts'

export interface MaxPool2dOptions {
  kernelSize: Size
  /** Default: `kernelSize`. */
  stride?: Size
  /** −∞ on each side; at most half the kernel size. */
  padding?: Size
  dilation?: Size
  /** Round the output size up instead of down. */
  ceilMode?: boolean
}

/**
 * The largest value of each window: `y[n, i, j, c] = max x[n, i·s − p + u·d, j·s − p + v·d, c]`.
 * The gradient goes to the first maximum of the window, row by row, as in PyTorch.
 *
 * @param x `[batch, height, width, channels]`, float32
 * @returns `[batch, outHeight, outWidth, channels]`
 * @throws ShapeError if the options do not fit the input
 * @see torch.nn.functional.max_pool2d
 */
export function maxPool2d(x: Tensor4D, options: MaxPool2dOptions): Tensor4D {
  expectTensor('maxPool2d', 'x', x, 4, '[batch, height, width, channels]')
  return maxPool2dOp({ x }, poolGeometry('maxPool2d', [x.shape[1], x.shape[2]], options))
}

/** Checks the options and works out the geometry for an input of `size`. */
export function poolGeometry(operator: string, size: Pair, options: MaxPool2dOptions): PoolGeometry {
  const kernelSize = pair(operator, 'kernelSize', options.kernelSize, 1)
  const stride = pair(operator, 'stride', options.stride ?? kernelSize, 1)
  const dilation = pair(operator, 'dilation', options.dilation ?? 1, 1)
  const padding = pair(operator, 'padding', options.padding ?? 0, 0)
  const axis = (index: 0 | 1): { output: number; padding: Pair } => {
    if (padding[index] > kernelSize[index] / 2) {
      throw new ShapeError(
        `${operator}: expected padding of at most half the kernel size [${kernelSize}], got [${padding}].`,
      )
    }
    const reach = dilation[index] * (kernelSize[index] - 1) + 1
    const steps = (size[index] + 2 * padding[index] - reach) / stride[index]
    let output = (options.ceilMode === true ? Math.ceil(steps) : Math.floor(steps)) + 1
    // The last window must start inside the input or the padding before it.
    if (options.ceilMode === true && (output - 1) * stride[index] >= size[index] + padding[index]) output--
    if (output < 1) {
      throw new ShapeError(
        `${operator}: the kernel [${kernelSize}] (dilation [${dilation}]) is larger than the padded input [${size}] + padding [${padding}].`,
      )
    }
    const after = Math.max(padding[index], (output - 1) * stride[index] + reach - size[index] - padding[index])
    return { output, padding: [padding[index], after] }
  }
  const vertical = axis(0)
  const horizontal = axis(1)
  return {
    kernelSize,
    stride,
    dilation,
    padding: [vertical.padding, horizontal.padding],
    outputSize: [vertical.output, horizontal.output],
  }
}
