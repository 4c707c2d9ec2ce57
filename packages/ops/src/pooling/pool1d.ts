import { type Tensor, type Tensor3D, type Tensor4D, tidy } from '@tensorflow/tfjs-core'
import { reshape } from '../array/shape.ts'
import { expectOptions, type OptionNames } from '../checks/expect.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { expectTensor, type Pair } from '../convolution/geometry.ts'
import { averageGeometry, avgPool2dOps } from './avg-pool2d.ts'
import { poolGeometry } from './geometry.ts'
import { maxPoolOptions } from './max-pool2d.ts'
import { maxPool2dOp } from './max-pool2d-op.ts'

export interface MaxPool1dOptions {
  kernelSize: number
  /** Default: `kernelSize`. */
  stride?: number
  /** −∞ on each side; at most half the kernel size. */
  padding?: number
  dilation?: number
  /** Round the output size up instead of down. A window that would start in the padding after the input is dropped. */
  ceilMode?: boolean
}

export interface AvgPool1dOptions {
  kernelSize: number
  /** Default: `kernelSize`. */
  stride?: number
  /** Zeros on each side; at most half the kernel size. */
  padding?: number
  /** Round the output size up instead of down. A window that would start in the padding after the input is dropped. */
  ceilMode?: boolean
  /** Whether the padding counts as elements. Default: true. */
  countIncludePad?: boolean
}

const avgPool1dOptions: OptionNames<AvgPool1dOptions> = {
  kernelSize: true,
  stride: true,
  padding: true,
  ceilMode: true,
  countIncludePad: true,
}

/**
 * The largest value of each window of a sequence: `maxPool2d` of height 1.
 *
 * @param x `[batch, length, channels]`, float32
 * @returns `[batch, outLength, channels]`
 * @throws ShapeError if the options do not fit the input
 * @see torch.nn.functional.max_pool1d
 * @example maxPool1d(x, { kernelSize: 2 })
 */
export function maxPool1d(x: Tensor, options: MaxPool1dOptions): Tensor3D {
  expectOptions('maxPool1d', options, maxPoolOptions, '{ kernelSize: 2 }')
  const { kernelSize, stride = kernelSize, padding = 0, dilation = 1, ceilMode = false } = options
  return pool1d('maxPool1d', x, { kernelSize, stride, padding, dilation }, (size, each) => {
    const geometry = poolGeometry('maxPool1d', size, { ...each, ceilMode })
    return (images) => maxPool2dOp({ x: images }, geometry)
  })
}

/**
 * The average of each window of a sequence: `avgPool2d` of height 1.
 *
 * @param x `[batch, length, channels]`, float32
 * @returns `[batch, outLength, channels]`
 * @throws ShapeError if the options do not fit the input
 * @see torch.nn.functional.avg_pool1d
 * @example avgPool1d(x, { kernelSize: 3, stride: 1, padding: 1 })
 */
export function avgPool1d(x: Tensor, options: AvgPool1dOptions): Tensor3D {
  expectOptions('avgPool1d', options, avgPool1dOptions, '{ kernelSize: 2 }')
  const { kernelSize, stride = kernelSize, padding = 0, ceilMode = false, countIncludePad = true } = options
  return pool1d('avgPool1d', x, { kernelSize, stride, padding, dilation: 1 }, (size, each) => {
    const geometry = averageGeometry('avgPool1d', size, { ...each, ceilMode, countIncludePad })
    return (images) => avgPool2dOps.average({ x: images }, geometry)
  })
}

/** Runs a pooling over images of one row: along the height its kernel is 1. */
function pool1d(
  operator: string,
  x: Tensor,
  options: Record<'kernelSize' | 'stride' | 'padding' | 'dilation', number>,
  prepare: (
    size: Pair,
    options: Record<'kernelSize' | 'stride' | 'padding' | 'dilation', Pair>,
  ) => (images: Tensor4D) => Tensor4D,
): Tensor3D {
  expectTensor(operator, 'x', x, 3, '[batch, length, channels]')
  for (const [name, value] of Object.entries(options)) {
    if (typeof value !== 'number') {
      throw new ShapeError(`${operator}: expected ${name} to be one number, got ${JSON.stringify(value)}.`)
    }
  }
  const [batch, length, channels] = x.shape
  if (length === 0 || channels === 0) {
    throw new ShapeError(`${operator}: expected x with at least one element and channel, got [${x.shape}].`)
  }
  const { kernelSize, stride, padding, dilation } = options
  const each = {
    kernelSize: [1, kernelSize],
    stride: [1, stride],
    padding: [0, padding],
    dilation: [1, dilation],
  } as const
  const pool = prepare([1, length], each)
  return tidy(() => {
    const pooled = pool(reshape(x, [batch, 1, length, channels]))
    return reshape(pooled, [batch, pooled.shape[2], channels])
  })
}
