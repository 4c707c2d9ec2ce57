import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { ShapeError } from '../checks/shape-error.ts'
import { expectTensor, type Pair, pair, type Size, windowFields } from '../convolution/geometry.ts'

/** Geometry of a pooling: `padding` is `[[top, bottom], [left, right]]`, ceil mode's extra rows and columns included. */
export interface PoolGeometry {
  readonly kernelSize: Pair
  readonly stride: Pair
  readonly padding: readonly [Pair, Pair]
  readonly dilation: Pair
  readonly outputSize: Pair
}

/** A pooling as kernels take it. */
export const poolFields = (
  geometry: PoolGeometry,
): ReturnType<typeof windowFields> & Record<'outHeight' | 'outWidth' | 'kernelHeight' | 'kernelWidth', number> => ({
  outHeight: geometry.outputSize[0],
  outWidth: geometry.outputSize[1],
  kernelHeight: geometry.kernelSize[0],
  kernelWidth: geometry.kernelSize[1],
  ...windowFields(geometry),
})

export interface PoolOptions {
  readonly kernelSize: Size
  readonly stride?: Size
  readonly padding?: Size
  readonly dilation?: Size
  readonly ceilMode?: boolean
}

/** Checks that `x` is `[batch, height, width, channels]`, float32, and that only the batch may be empty. */
export function expectImages(operator: string, name: string, x: Tensor): asserts x is Tensor4D {
  expectTensor(operator, name, x, 4, '[batch, height, width, channels]')
  if (x.shape.slice(1).includes(0)) {
    throw new ShapeError(
      `${operator}: expected ${name} with at least one row, column and channel, got [${x.shape}]. Only the batch may be empty.`,
    )
  }
}

/** Checks the options and works out the geometry for an input of `size`. */
export function poolGeometry(operator: string, size: Pair, options: PoolOptions): PoolGeometry {
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
    // PyTorch gives such a window an index outside the input, and its gradient writes there.
    const isSeen = (start: number): boolean => {
      const first = start < 0 ? start + Math.ceil(-start / dilation[index]) * dilation[index] : start
      return first < Math.min(size[index], start + reach)
    }
    if (!Array.from({ length: output }, (_, window) => window * stride[index] - padding[index]).every(isSeen)) {
      throw new ShapeError(
        `${operator}: expected every window to reach the input [${size}], but the kernel [${kernelSize}] with dilation [${dilation}] steps over it from the padding [${padding}]. Pad or dilate less.`,
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
