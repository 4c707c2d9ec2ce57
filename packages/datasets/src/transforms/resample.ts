import { zerosLike } from './pixels.ts'

/** Along one axis: what each output position reads. */
interface Taps {
  /** `[out]`, the first input position */
  readonly first: Uint32Array
  /** `[out]`, how many */
  readonly count: Uint32Array
  /** `[out, most]`, their weights, which sum to 1 */
  readonly weights: Float64Array
  readonly most: number
}

/**
 * Bilinear resampling of `[height, width, channels]` to `[outHeight, outWidth, channels]`, along the rows first and then
 * along the columns.
 * Output position `i` lies at `(i + ½) · in / out − ½`. Without `antialias` it blends the two pixels there; with it, the
 * triangle of weights is as wide as the output's pixels, where these are larger than the input's.
 * Floats are summed in float64. Bytes are summed in whole numbers, with weights of up to 15 bits, and rounded after each
 * of the two passes, as PyTorch and Pillow do.
 *
 * @see torch.nn.functional.interpolate(mode='bilinear', align_corners=False, antialias=antialias)
 */
export function resample<P extends Uint8Array | Float32Array>(
  pixels: P,
  [height, width, channels]: readonly [number, number, number],
  [outHeight, outWidth]: readonly [number, number],
  antialias: boolean,
): P {
  const rows = tapsOf(height, outHeight, antialias)
  const columns = tapsOf(width, outWidth, antialias)
  const rowLength = outWidth * channels
  const bytes = pixels instanceof Uint8Array
  const columnBits = bytes ? toFixedPoint(columns.weights) : 0
  const rowBits = bytes ? toFixedPoint(rows.weights) : 0
  const columnHalf = bytes ? 2 ** (columnBits - 1) : 0
  const rowHalf = bytes ? 2 ** (rowBits - 1) : 0
  const sums = new Float64Array(rowLength)
  const wide = bytes ? new Uint8Array(height * rowLength) : new Float64Array(height * rowLength) // [height, outWidth, channels]
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < outWidth; x++) {
      const from = (y * width + (columns.first[x] as number)) * channels
      const to = y * rowLength + x * channels
      const count = columns.count[x] as number
      const weightAt = x * columns.most
      for (let channel = 0; channel < channels; channel++) {
        let sum = columnHalf
        let at = from + channel
        for (let tap = 0; tap < count; tap++, at += channels) {
          sum += (pixels[at] as number) * (columns.weights[weightAt + tap] as number)
        }
        wide[to + channel] = bytes ? clampByte(sum >> columnBits) : sum
      }
    }
  }
  const result = zerosLike(pixels, outHeight * rowLength)
  for (let y = 0; y < outHeight; y++) {
    sums.fill(rowHalf)
    for (let tap = 0; tap < (rows.count[y] as number); tap++) {
      const from = ((rows.first[y] as number) + tap) * rowLength
      const weight = rows.weights[y * rows.most + tap] as number
      for (let x = 0; x < rowLength; x++) sums[x] = (sums[x] as number) + (wide[from + x] as number) * weight
    }
    const to = y * rowLength
    for (let x = 0; x < rowLength; x++)
      result[to + x] = bytes ? clampByte((sums[x] as number) >> rowBits) : (sums[x] as number)
  }
  return result
}

/** Rounded weights may sum to a little more than 1. */
const clampByte = (value: number): number => Math.min(value, 255)

/** Weights as whole numbers, in place, with as many bits as let the largest stay below 2¹⁵. @returns the bits */
function toFixedPoint(weights: Float64Array): number {
  const most = weights.reduce((largest, weight) => Math.max(largest, weight), 0)
  let bits = 0
  while (bits < 22 && Math.trunc(0.5 + most * 2 ** (bits + 1)) < 2 ** 15) bits++
  for (let at = 0; at < weights.length; at++) weights[at] = Math.trunc(0.5 + (weights[at] as number) * 2 ** bits)
  return bits
}

function tapsOf(inSize: number, outSize: number, antialias: boolean): Taps {
  const scale = inSize / outSize
  const support = antialias ? Math.max(scale, 1) : 1
  const most = antialias ? Math.ceil(support) * 2 + 1 : 2
  const taps = {
    first: new Uint32Array(outSize),
    count: new Uint32Array(outSize),
    weights: new Float64Array(outSize * most),
    most,
  }
  for (let index = 0; index < outSize; index++) {
    const center = (index + 0.5) * scale
    if (!antialias) {
      const position = Math.max(0, center - 0.5)
      const first = Math.min(Math.floor(position), inSize - 1)
      taps.first[index] = first
      taps.count[index] = first + 1 < inSize ? 2 : 1
      taps.weights[index * most] = first + 1 < inSize ? 1 - (position - first) : 1
      taps.weights[index * most + 1] = position - first
      continue
    }
    const first = Math.max(0, Math.trunc(center - support + 0.5))
    const count = Math.min(inSize, Math.trunc(center + support + 0.5)) - first
    let total = 0
    for (let tap = 0; tap < count; tap++) {
      const weight = Math.max(0, 1 - Math.abs((first + tap - center + 0.5) / support))
      taps.weights[index * most + tap] = weight
      total += weight
    }
    for (let tap = 0; tap < count; tap++) {
      taps.weights[index * most + tap] = (taps.weights[index * most + tap] as number) / total
    }
    taps.first[index] = first
    taps.count[index] = count
  }
  return taps
}
