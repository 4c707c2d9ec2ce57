import { type AxisTable, axisTable, selection, type Tap } from './axis-table.ts'

export type InterpolationMode = 'nearest' | 'nearestExact' | 'area' | 'bilinear' | 'bicubic'

export interface AxisOptions {
  readonly mode: InterpolationMode
  /** The coordinates' own factor; undefined: `outputSize / inputSize`. */
  readonly scaleFactor: number | undefined
  readonly alignCorners: boolean
  readonly antialias: boolean
}

/** PyTorch's indices and weights for one axis, in float64 except where an index depends on its float32. */
export function interpolationTable(inputSize: number, outputSize: number, options: AxisOptions): AxisTable {
  const { mode } = options
  if (mode === 'nearest' || mode === 'nearestExact') return nearest(inputSize, outputSize, options)
  if (mode === 'area') return area(inputSize, outputSize)
  // PyTorch copies here, whatever the factor.
  if (inputSize === outputSize && (mode === 'bilinear' || options.antialias)) return same(inputSize)
  if (options.antialias) return antialiased(inputSize, outputSize, options)
  return mode === 'bilinear' ? linear(inputSize, outputSize, options) : cubic(inputSize, outputSize, options)
}

const same = (size: number): AxisTable =>
  selection(
    size,
    Array.from({ length: size }, (_, index) => index),
  )

const rows = (outputSize: number, row: (index: number) => Tap[]): Tap[][] =>
  Array.from({ length: outputSize }, (_, index) => row(index))

/** How far the source moves from one output to the next. */
function step(inputSize: number, outputSize: number, { scaleFactor, alignCorners }: AxisOptions): number {
  if (alignCorners) return outputSize > 1 ? (inputSize - 1) / (outputSize - 1) : 0
  return scaleFactor === undefined ? inputSize / outputSize : 1 / scaleFactor
}

/** In float32, as PyTorch has it in every precision; 'nearest' takes the equal and the double size exactly, whatever the factor. */
function nearest(inputSize: number, outputSize: number, options: AxisOptions): AxisTable {
  const stride = Math.fround(step(inputSize, outputSize, options))
  const source = (index: number): number => {
    if (options.mode === 'nearestExact') return Math.floor(Math.fround((index + 0.5) * stride))
    if (outputSize === inputSize) return index
    if (outputSize === 2 * inputSize) return index >> 1
    return Math.floor(Math.fround(index * stride))
  }
  return selection(
    inputSize,
    Array.from({ length: outputSize }, (_, index) => Math.min(source(index), inputSize - 1)),
  )
}

/** The mean of the pixels that output `i` covers, as adaptive average pooling. */
const area = (inputSize: number, outputSize: number): AxisTable =>
  axisTable(
    inputSize,
    rows(outputSize, (index) => {
      const first = Math.floor((index * inputSize) / outputSize)
      const count = Math.ceil(((index + 1) * inputSize) / outputSize) - first
      return Array.from({ length: count }, (_, tap) => [first + tap, 1 / count])
    }),
  )

function linear(inputSize: number, outputSize: number, options: AxisOptions): AxisTable {
  const stride = step(inputSize, outputSize, options)
  return axisTable(
    inputSize,
    rows(outputSize, (index) => {
      const at = options.alignCorners ? stride * index : Math.max(0, stride * (index + 0.5) - 0.5)
      const low = Math.min(Math.floor(at), inputSize - 1)
      const high = Math.min(low + 1, inputSize - 1)
      const share = Math.min(at - low, 1)
      return [
        [low, 1 - share],
        [high, share],
      ]
    }),
  )
}

function cubic(inputSize: number, outputSize: number, options: AxisOptions): AxisTable {
  const stride = step(inputSize, outputSize, options)
  return axisTable(
    inputSize,
    rows(outputSize, (index) => {
      const at = options.alignCorners ? stride * index : stride * (index + 0.5) - 0.5
      const low = Math.min(Math.floor(at), inputSize - 1)
      const share = Math.min(at - low, 1)
      return [-1, 0, 1, 2].map((offset): Tap => {
        const source = Math.max(0, Math.min(low + offset, inputSize - 1))
        return [source, keys(share - offset, -0.75)]
      })
    }),
  )
}

/** The filter is as wide as the step between outputs where that is larger than a pixel; a = −0.5 here, as in Pillow. */
function antialiased(inputSize: number, outputSize: number, options: AxisOptions): AxisTable {
  const stride = step(inputSize, outputSize, options)
  const width = Math.max(1, stride)
  const support = (options.mode === 'bilinear' ? 1 : 2) * width
  const filter = options.mode === 'bilinear' ? triangle : (x: number) => keys(x, -0.5)
  return axisTable(
    inputSize,
    rows(outputSize, (index) => {
      const center = stride * (index + 0.5)
      const first = Math.max(Math.trunc(center - support + 0.5), 0)
      const end = Math.min(Math.trunc(center + support + 0.5), inputSize)
      const weights = Array.from({ length: Math.max(0, end - first) }, (_, tap) =>
        filter((first + tap - center + 0.5) / width),
      )
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      return weights.map((weight, tap): Tap => [first + tap, total === 0 ? weight : weight / total])
    }),
  )
}

const triangle = (x: number): number => Math.max(0, 1 - Math.abs(x))

/** The cubic convolution kernel. @see Keys 1981, "Cubic convolution interpolation for digital image processing" */
function keys(x: number, a: number): number {
  const distance = Math.abs(x)
  if (distance < 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1
  if (distance < 2) return ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
  return 0
}
