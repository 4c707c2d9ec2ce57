import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { defineOp, type Op } from '../autodiff/define-op.ts'
import { ShapeError } from '../checks/shape-error.ts'
import { expectTensor } from '../convolution/geometry.ts'

export interface ShuffleGeometry {
  /** `[batch, height, width, channels]` of the small image, counting the channels of the large one. */
  readonly low: readonly [number, number, number, number]
  readonly factor: number
}

type Shuffle = Op<{ x: Tensor4D }, ShuffleGeometry, Tensor4D>

// Each is the inverse of the other and, as it only moves values, its gradient.
const pixelShuffleOp: Shuffle = defineOp('pixelShuffle', {
  inputs: ['x'],
  forward: ({ x }, { low: [batch, height, width, channels], factor }) => {
    const pixels = tf.reshape(x, [batch * height, width, channels, factor, factor])
    const rows = tf.transpose(pixels, [0, 3, 1, 4, 2]) // [batch · height, factor, width, factor, channels]
    return tf.reshape(rows, [batch, height * factor, width * factor, channels])
  },
  saves: [],
  gradient: { x: (dy, _, geometry) => pixelUnshuffleOp({ x: dy }, geometry) },
})

const pixelUnshuffleOp: Shuffle = defineOp('pixelUnshuffle', {
  inputs: ['x'],
  forward: ({ x }, { low: [batch, height, width, channels], factor }) => {
    const rows = tf.reshape(x, [batch * height, factor, width, factor, channels])
    const pixels = tf.transpose(rows, [0, 2, 4, 1, 3]) // [batch · height, width, channels, factor, factor]
    return tf.reshape(pixels, [batch, height, width, channels * factor ** 2])
  },
  saves: [],
  gradient: { x: (dy, _, geometry) => pixelShuffleOp({ x: dy }, geometry) },
})

/**
 * Channels to pixels: `y[n, h·r + i, w·r + j, c] = x[n, h, w, c·r² + i·r + j]`, for the factor r.
 *
 * @param x `[batch, height, width, channels · factor²]`, float32
 * @returns `[batch, height · factor, width · factor, channels]`
 * @throws ShapeError if factor² does not divide the channels
 * @see torch.nn.functional.pixel_shuffle
 */
export function pixelShuffle(x: Tensor, factor: number): Tensor4D {
  expectTensor('pixelShuffle', 'x', x, 4, '[batch, height, width, channels · factor²]')
  expectFactor('pixelShuffle', factor)
  const [batch, height, width, inChannels] = x.shape
  const channels = inChannels / factor ** 2
  if (!Number.isInteger(channels)) {
    throw new ShapeError(
      `pixelShuffle: expected channels that factor² = ${factor ** 2} divides, got ${inChannels} (shape [${x.shape}]).`,
    )
  }
  return pixelShuffleOp({ x }, { low: [batch, height, width, channels], factor })
}

/**
 * Pixels to channels, the inverse of `pixelShuffle`: `y[n, h, w, c·r² + i·r + j] = x[n, h·r + i, w·r + j, c]`.
 *
 * @param x `[batch, height, width, channels]`, float32
 * @returns `[batch, height / factor, width / factor, channels · factor²]`
 * @throws ShapeError if the factor does not divide height and width
 * @see torch.nn.functional.pixel_unshuffle
 */
export function pixelUnshuffle(x: Tensor, factor: number): Tensor4D {
  expectTensor('pixelUnshuffle', 'x', x, 4, '[batch, height, width, channels]')
  expectFactor('pixelUnshuffle', factor)
  const [batch, inHeight, inWidth, channels] = x.shape
  const [height, width] = [inHeight / factor, inWidth / factor]
  if (!Number.isInteger(height) || !Number.isInteger(width)) {
    throw new ShapeError(
      `pixelUnshuffle: expected height and width that the factor ${factor} divides, got shape [${x.shape}]. Pad or crop first.`,
    )
  }
  return pixelUnshuffleOp({ x }, { low: [batch, height, width, channels], factor })
}

function expectFactor(operator: string, factor: number): void {
  if (!Number.isInteger(factor) || factor < 1) {
    throw new ShapeError(`${operator}: expected factor to be an integer of at least 1, got ${factor}.`)
  }
}
