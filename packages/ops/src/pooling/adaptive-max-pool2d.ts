import { type Tensor, type Tensor4D, tensor1d, tidy } from '@tensorflow/tfjs-core'
import { gather } from '../array/select.ts'
import { padConstant } from '../array/shape.ts'
import { type AdaptiveSize, adaptiveSize } from './adaptive-avg-pool2d.ts'
import { expectImages } from './geometry.ts'
import { maxPool2d } from './max-pool2d.ts'
import { evenWindows, type Windows, windowRanges } from './windows.ts'

/**
 * The largest value of `outputSize` windows that cover the image, the windows of `adaptiveAvgPool2d`.
 * The gradient goes to the first maximum of the window, row by row, as in PyTorch.
 *
 * @param x `[batch, height, width, channels]`, float32
 * @returns `[batch, ...outputSize, channels]`
 * @throws ShapeError if `outputSize` is not of positive integers
 * @see torch.nn.functional.adaptive_max_pool2d
 * @example adaptiveMaxPool2d(x, [7, null])
 */
export function adaptiveMaxPool2d(x: Tensor, outputSize: AdaptiveSize): Tensor4D {
  expectImages('adaptiveMaxPool2d', 'x', x)
  const [height, width] = adaptiveSize('adaptiveMaxPool2d', [x.shape[1], x.shape[2]], outputSize)
  return tidy(() => {
    const [tall, kernelHeight] = alignWindows(x, 1, evenWindows(x.shape[1], height))
    const [wide, kernelWidth] = alignWindows(tall, 2, evenWindows(x.shape[2], width))
    return maxPool2d(wide, { kernelSize: [kernelHeight, kernelWidth] })
  })
}

/** The windows along `axis` side by side, each filled up with −∞ at its end, and how long each of them is then. */
function alignWindows(x: Tensor4D, axis: 1 | 2, windows: Windows): [aligned: Tensor4D, length: number] {
  const ranges = windowRanges(windows)
  const longest = Math.max(...ranges.map(([start, end]) => end - start))
  if (windows.over === 1) return [x, longest]
  const elements = ranges.flatMap(([start, end]) =>
    Array.from({ length: longest }, (_, index) => (start + index < end ? start + index : windows.size)),
  )
  const last = x.shape.map((_, each): [number, number] => (each === axis ? [0, 1] : [0, 0]))
  const padded = padConstant(x, last, Number.NEGATIVE_INFINITY)
  return [gather(padded, tensor1d(elements, 'int32'), axis), longest]
}
