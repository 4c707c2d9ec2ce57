import type { ImageShape, Sample } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import type { Transform } from '../map.ts'
import { toFloat } from './to-float.ts'

/**
 * Bilinear resize to `size` (or `[height, width]`), float32 in and out: bytes become floats 0 … 1 first.
 * Output pixel `i` reads at `max(0, (i + ½) · in / out − ½)`; shrinking does not average (no antialiasing).
 *
 * @see torch.nn.functional.interpolate(mode='bilinear', align_corners=False, antialias=False)
 * @example map(train, resize(224), normalize({ mean: 0.5, std: 0.5 }))
 */
export function resize(size: number | readonly [height: number, width: number]): Transform<Sample> {
  const [height, width] = typeof size === 'number' ? [size, size] : size
  for (const side of [height, width]) {
    if (!Number.isInteger(side) || side < 1) {
      throw new DatasetError(`resize: expected sides of at least one pixel, got ${JSON.stringify(size)}`)
    }
  }
  return (sample) => {
    const { shape } = sample
    const wide = stretchRows(toFloat(sample.image), shape, width)
    return { ...sample, image: stretchColumns(wide, shape, [height, width]), shape: [height, width, shape[2]] }
  }
}

/** `[height, width, channels]` → `[height, outWidth, channels]`; in doubles, so that only the result is rounded. */
function stretchRows(image: Float32Array, [height, width, channels]: ImageShape, outWidth: number): Float64Array {
  const { first, second, weight } = taps(width, outWidth)
  const wide = new Float64Array(height * outWidth * channels)
  let at = 0
  for (let row = 0; row < height * width * channels; row += width * channels) {
    for (let x = 0; x < outWidth; x++) {
      const left = row + (first[x] as number) * channels
      const right = row + (second[x] as number) * channels
      const share = weight[x] as number
      for (let channel = 0; channel < channels; channel++) {
        wide[at++] = blend(image[left + channel] as number, image[right + channel] as number, share)
      }
    }
  }
  return wide
}

/** `[height, outWidth, channels]` → `[outHeight, outWidth, channels]` */
function stretchColumns(
  wide: Float64Array,
  [height, , channels]: ImageShape,
  [outHeight, outWidth]: readonly [number, number],
): Float32Array {
  const { first, second, weight } = taps(height, outHeight)
  const rowLength = outWidth * channels
  const resized = new Float32Array(outHeight * rowLength)
  let at = 0
  for (let y = 0; y < outHeight; y++) {
    const top = (first[y] as number) * rowLength
    const bottom = (second[y] as number) * rowLength
    const share = weight[y] as number
    for (let x = 0; x < rowLength; x++)
      resized[at++] = blend(wide[top + x] as number, wide[bottom + x] as number, share)
  }
  return resized
}

const blend = (first: number, second: number, weight: number): number => first + (second - first) * weight

/** Along one axis: the two input positions that each output position blends, and the weight of the second. */
function taps(inSize: number, outSize: number): { first: Uint32Array; second: Uint32Array; weight: Float64Array } {
  const positions = Float64Array.from({ length: outSize }, (_, index) =>
    Math.max(0, (index + 0.5) * (inSize / outSize) - 0.5),
  )
  return {
    first: Uint32Array.from(positions, Math.floor),
    second: Uint32Array.from(positions, (position) => Math.min(Math.floor(position) + 1, inSize - 1)),
    weight: positions.map((position) => position - Math.floor(position)),
  }
}
