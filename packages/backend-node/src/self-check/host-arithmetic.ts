import type { Pair } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'

// Definitions of operators and their gradients, loop by loop in float64: what TensorFlow's results are compared with.

export type Shape4D = readonly [number, number, number, number]
export type Values = ArrayLike<number>

/** Windows over images: those of a convolution or of a pooling. */
export interface Windows {
  readonly kernelSize: Pair
  readonly stride: Pair
  /** Rows and columns before the image. */
  readonly padding: Pair
  readonly dilation: Pair
  readonly outputSize: Pair
}

/** Calls `visit` with each place of the output, tap of its window and place of the input; those in the padding are left out. */
function eachTap(
  [height, width]: Pair,
  { kernelSize, stride, padding, dilation, outputSize }: Windows,
  visit: (output: number, tap: number, input: number) => void,
): void {
  for (let row = 0; row < outputSize[0]; row++) {
    for (let column = 0; column < outputSize[1]; column++) {
      for (let u = 0; u < kernelSize[0]; u++) {
        const y = row * stride[0] - padding[0] + u * dilation[0]
        if (y < 0 || y >= height) continue
        for (let v = 0; v < kernelSize[1]; v++) {
          const x = column * stride[1] - padding[1] + v * dilation[1]
          if (x < 0 || x >= width) continue
          visit(row * outputSize[1] + column, u * kernelSize[1] + v, y * width + x)
        }
      }
    }
  }
}

/**
 * A convolution `[batch, height, width, inChannels]` by `[kernelHeight, kernelWidth, inChannels / groups, outChannels]`, and its
 * gradients for `dy`.
 */
export function convolution(
  [batch, height, width, inChannels]: Shape4D,
  outChannels: number,
  groups: number,
  windows: Windows,
  { x, filter, dy }: Record<'x' | 'filter' | 'dy', Values>,
): Record<'y' | 'dx' | 'dfilter', Float64Array> {
  const [places, outPlaces] = [height * width, windows.outputSize[0] * windows.outputSize[1]]
  const [depth, width2] = [inChannels / groups, outChannels / groups]
  const y = new Float64Array(batch * outPlaces * outChannels)
  const dx = new Float64Array(x.length)
  const dfilter = new Float64Array(filter.length)
  for (let image = 0; image < batch; image++) {
    eachTap([height, width], windows, (output, tap, input) => {
      for (let out = 0; out < outChannels; out++) {
        const at = (image * outPlaces + output) * outChannels + out
        const first = Math.floor(out / width2) * depth
        for (let channel = 0; channel < depth; channel++) {
          const from = (image * places + input) * inChannels + first + channel
          const weight = (tap * depth + channel) * outChannels + out
          y[at] = itemAt(y, at) + itemAt(x, from) * itemAt(filter, weight)
          dx[from] = itemAt(dx, from) + itemAt(dy, at) * itemAt(filter, weight)
          dfilter[weight] = itemAt(dfilter, weight) + itemAt(dy, at) * itemAt(x, from)
        }
      }
    })
  }
  return { y, dx, dfilter }
}

/** Max and average pooling of `[batch, height, width, channels]`, padding left out of both, and their gradients for `dy`. */
export function poolings(
  [batch, height, width, channels]: Shape4D,
  windows: Windows,
  { x, dy }: Record<'x' | 'dy', Values>,
): Record<'max' | 'dmax' | 'average' | 'daverage', Float64Array> {
  const outPlaces = windows.outputSize[0] * windows.outputSize[1]
  const size = batch * outPlaces * channels
  const [max, average] = [new Float64Array(size).fill(Number.NEGATIVE_INFINITY), new Float64Array(size)]
  const [dmax, daverage] = [new Float64Array(x.length), new Float64Array(x.length)]
  const [where, counts] = [new Int32Array(size), new Float64Array(size)]
  const each = (visit: (at: number, from: number) => void) => {
    for (let image = 0; image < batch; image++) {
      eachTap([height, width], windows, (output, _, input) => {
        for (let channel = 0; channel < channels; channel++) {
          const at = (image * outPlaces + output) * channels + channel
          visit(at, (image * height * width + input) * channels + channel)
        }
      })
    }
  }
  each((at, from) => {
    const value = itemAt(x, from)
    average[at] = itemAt(average, at) + value
    counts[at] = itemAt(counts, at) + 1
    // The first of equal values stays.
    if (value > itemAt(max, at)) [max[at], where[at]] = [value, from]
  })
  for (let at = 0; at < size; at++) {
    average[at] = itemAt(average, at) / itemAt(counts, at)
    const first = itemAt(where, at)
    dmax[first] = itemAt(dmax, first) + itemAt(dy, at)
  }
  each((at, from) => {
    daverage[from] = itemAt(daverage, from) + itemAt(dy, at) / itemAt(counts, at)
  })
  return { max, dmax, average, daverage }
}

/** Normalisation of the columns of `[rows, channels]` by their own mean and biased variance, and its gradients for `dy`. */
export function columnNorm(
  channels: number,
  eps: number,
  { x, weight, bias, dy }: Record<'x' | 'weight' | 'bias' | 'dy', Values>,
): Record<'y' | 'mean' | 'variance' | 'dx' | 'dweight' | 'dbias', Float64Array> {
  const rows = x.length / channels
  const zeros = () => new Float64Array(channels)
  const [mean, variance, dweight, dbias] = [zeros(), zeros(), zeros(), zeros()]
  const [y, dx] = [new Float64Array(x.length), new Float64Array(x.length)]
  for (let channel = 0; channel < channels; channel++) {
    const [scale, shift] = [itemAt(weight, channel), itemAt(bias, channel)]
    const each = (visit: (at: number) => void) => {
      for (let row = 0; row < rows; row++) visit(row * channels + channel)
    }
    const sum = (term: (at: number) => number): number => {
      let total = 0
      each((at) => {
        total += term(at)
      })
      return total
    }
    const average = sum((at) => itemAt(x, at)) / rows
    const spread = sum((at) => (itemAt(x, at) - average) ** 2) / rows
    const inverse = 1 / Math.sqrt(spread + eps)
    const normal = (at: number) => (itemAt(x, at) - average) * inverse
    const ofWeight = sum((at) => itemAt(dy, at) * normal(at))
    const ofBias = sum((at) => itemAt(dy, at))
    each((at) => {
      y[at] = normal(at) * scale + shift
      dx[at] = scale * inverse * (itemAt(dy, at) - ofBias / rows - (normal(at) * ofWeight) / rows)
    })
    mean[channel] = average
    variance[channel] = spread
    dweight[channel] = ofWeight
    dbias[channel] = ofBias
  }
  return { y, mean, variance, dx, dweight, dbias }
}
