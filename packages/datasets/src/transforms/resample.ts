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

type Shape = readonly [height: number, width: number, channels: number]

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
export function resample(
  pixels: Uint8Array | Float32Array,
  [height, width, channels]: Shape,
  [outHeight, outWidth]: readonly [number, number],
  antialias: boolean,
): Uint8Array | Float32Array {
  const columns = tapsOf(width, outWidth, antialias)
  const rows = tapsOf(height, outHeight, antialias)
  const rowLength = outWidth * channels
  if (pixels instanceof Float32Array) {
    const wide = new Float64Array(height * rowLength) // [height, outWidth, channels]
    alongRows(pixels, [height, width, channels], columns, wide)
    return alongColumns(wide, rowLength, rows, new Float32Array(outHeight * rowLength))
  }
  const wide = new Uint8Array(height * rowLength)
  alongRowsOfBytes(pixels, [height, width, channels], columns, wide)
  return alongColumnsOfBytes(wide, rowLength, rows, new Uint8Array(outHeight * rowLength))
}

// The loops over bytes and over floats are apart: engines make each fast only where it sees one kind of array.

function alongRows(pixels: Float32Array, [height, width, channels]: Shape, taps: Taps, wide: Float64Array): void {
  const { first, count, weights, most } = taps
  let to = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < first.length; x++) {
      const from = (y * width + (first[x] as number)) * channels
      const weightAt = x * most
      const end = weightAt + (count[x] as number)
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0
        let at = from + channel
        for (let tap = weightAt; tap < end; tap++, at += channels) {
          sum += (pixels[at] as number) * (weights[tap] as number)
        }
        wide[to++] = sum
      }
    }
  }
}

function alongColumns(wide: Float64Array, rowLength: number, taps: Taps, result: Float32Array): Float32Array {
  const { first, count, weights, most } = taps
  const sums = new Float64Array(rowLength)
  for (let y = 0; y < first.length; y++) {
    sums.fill(0)
    for (let tap = 0; tap < (count[y] as number); tap++) {
      const from = ((first[y] as number) + tap) * rowLength
      const weight = weights[y * most + tap] as number
      for (let x = 0; x < rowLength; x++) sums[x] = (sums[x] as number) + (wide[from + x] as number) * weight
    }
    result.set(sums, y * rowLength)
  }
  return result
}

function alongRowsOfBytes(pixels: Uint8Array, [height, width, channels]: Shape, taps: Taps, wide: Uint8Array): void {
  const { first, count, most } = taps
  const { weights, bits } = fixedPoint(taps.weights)
  const half = 1 << (bits - 1)
  let to = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < first.length; x++) {
      let at = (y * width + (first[x] as number)) * channels
      const weightAt = x * most
      const end = weightAt + (count[x] as number)
      if (channels === 3) {
        let red = half
        let green = half
        let blue = half
        for (let tap = weightAt; tap < end; tap++, at += 3) {
          const weight = weights[tap] as number
          red += (pixels[at] as number) * weight
          green += (pixels[at + 1] as number) * weight
          blue += (pixels[at + 2] as number) * weight
        }
        wide[to] = clampByte(red >> bits)
        wide[to + 1] = clampByte(green >> bits)
        wide[to + 2] = clampByte(blue >> bits)
        to += 3
        continue
      }
      for (let channel = 0; channel < channels; channel++) {
        let sum = half
        for (let tap = weightAt, from = at + channel; tap < end; tap++, from += channels) {
          sum += (pixels[from] as number) * (weights[tap] as number)
        }
        wide[to++] = clampByte(sum >> bits)
      }
    }
  }
}

function alongColumnsOfBytes(wide: Uint8Array, rowLength: number, taps: Taps, result: Uint8Array): Uint8Array {
  const { first, count, most } = taps
  const { weights, bits } = fixedPoint(taps.weights)
  const half = 1 << (bits - 1)
  for (let y = 0; y < first.length; y++) {
    const start = (first[y] as number) * rowLength
    const weightAt = y * most
    const end = weightAt + (count[y] as number)
    const to = y * rowLength
    for (let x = 0; x < rowLength; x++) {
      let sum = half
      for (let tap = weightAt, from = start + x; tap < end; tap++, from += rowLength) {
        sum += (wide[from] as number) * (weights[tap] as number)
      }
      result[to + x] = clampByte(sum >> bits)
    }
  }
  return result
}

/** Rounded weights may sum to a little more than 1. */
const clampByte = (value: number): number => Math.min(value, 255)

/** Weights as whole numbers, with as many bits as let the largest stay below 2¹⁵. */
function fixedPoint(weights: Float64Array): { weights: Int32Array; bits: number } {
  let most = 0
  for (const weight of weights) most = Math.max(most, weight)
  let bits = 0
  while (bits < 22 && Math.trunc(0.5 + most * 2 ** (bits + 1)) < 2 ** 15) bits++
  const scale = 2 ** bits
  const whole = new Int32Array(weights.length)
  for (let at = 0; at < whole.length; at++) whole[at] = 0.5 + (weights[at] as number) * scale // cut down
  return { weights: whole, bits }
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
