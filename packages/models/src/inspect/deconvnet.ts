import { type BatchNorm, type GroupNorm, inference } from '@ddnet/layers'
import {
  add,
  cast,
  convTranspose2d,
  div,
  equal,
  max,
  maxPool2dWithIndices,
  maxUnpool2d,
  mul,
  oneHot,
  ones,
  relu,
  sqrt,
  type Tensor,
  tensor,
  tidy,
} from '@ddnet/ops'
import { itemAt, tuple } from '@ddnet/ops/checks'
import type { DDNetBody } from '../ddnet.ts'

export interface DeconvnetOptions {
  /** The encoder's stage to look at, from 0. */
  readonly stage: number
  /** The channel of that stage, one for each image. */
  readonly channels: readonly number[]
  /** Follow the largest activation of the channel alone, as the paper does, or all of them. Default: 'largest'. */
  readonly activations?: 'largest' | 'all'
}

/**
 * What in an image excites a channel of DDNet's encoder: the deconvolutional network of Zeiler & Fergus.
 *
 * All activations of the pooled stage are zeroed but those of one channel. They go back to the pixels: each stage unpools
 * to where the maxima stood in this image (its switches), passes positive values only (ReLU of the backward signal) and
 * applies its own filters transposed, each scaled as the norm behind it does in inference. Biases, running means and the
 * sign of the forward activation play no part. It is not an inverse and no probability, and what it shows of position comes
 * from the switches.
 *
 * @param images `[batch, height, width, inChannels]`, prepared as in training
 * @returns `[batch, height, width, inChannels]`, positive where brighter pixels would excite the channel more; zeros where
 *   the channel is silent. The caller disposes it
 * @throws RangeError for a stage or channel that the model has not, not one channel an image, or a model with group norm
 * @see Zeiler & Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 2.1
 * @example deconvnet(model, images, { stage: 2, channels: [17] })
 */
export function deconvnet(
  model: DDNetBody,
  images: Tensor,
  { stage, channels, activations = 'largest' }: DeconvnetOptions,
): Tensor {
  const count = model.encoder[stage]?.conv.outChannels
  if (count === undefined) {
    throw new RangeError(`deconvnet: expected a stage in 0 … ${model.encoder.length - 1}, got ${stage}.`)
  }
  if (channels.length !== images.shape[0]) {
    throw new RangeError(
      `deconvnet: expected one channel for each of ${images.shape[0]} images, got ${channels.length}.`,
    )
  }
  for (const channel of channels) {
    if (!Number.isInteger(channel) || channel < 0 || channel >= count) {
      throw new RangeError(`deconvnet: expected channels of stage ${stage} in 0 … ${count - 1}, got ${channel}.`)
    }
  }
  return tidy(() => {
    const stages = model.encoder.slice(0, stage + 1)
    let x = images
    const switches = stages.map((each) => {
      const maps = inference(() => each.forward(x)) // [batch, height, width, channels]
      const { values, indices } = maxPool2dWithIndices(maps, { kernelSize: 2 })
      x = values
      const [, height, width] = tuple(maps.shape, 4)
      const outputSize: [number, number] = [height, width]
      return { indices, outputSize }
    })
    x = mul(x, oneHot(tensor([...channels], [x.shape[0], 1, 1], 'int32'), count))
    if (activations === 'largest') x = onlyLargest(x)
    for (const [index, { conv, norm }] of [...stages.entries()].reverse()) {
      const { indices, outputSize } = itemAt(switches, index)
      const unpooled = relu(maxUnpool2d(x, indices, { outputSize }))
      const scaled = norm === undefined ? unpooled : mul(unpooled, normScale(norm))
      // The padding of DDNet's convolutions.
      x = convTranspose2d(scaled, conv.weight.value, { padding: 1 })
    }
    return x
  })
}

/** What batch norm multiplies each channel with in inference: `weight / √(running_var + eps)`. */
function normScale(norm: BatchNorm | GroupNorm): Tensor {
  if (!('running_var' in norm) || norm.running_var === undefined) {
    throw new RangeError(
      "deconvnet: expected norms with running statistics, as batch norm has them: a group norm scales each image by its own. Take a model with normalization: 'batch' or 'none'.",
    )
  }
  const { channels, weight, running_var } = norm
  const { eps = 1e-5 } = norm.config
  return div(weight?.value ?? ones([channels]), sqrt(add(running_var.value, eps)))
}

/** The largest value of each image where it stands, zeros elsewhere; of equal ones all. */
function onlyLargest(x: Tensor): Tensor {
  return mul(x, cast(equal(x, max(x, [1, 2, 3], true)), 'float32'))
}
