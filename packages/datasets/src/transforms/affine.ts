import { changeFields, sizeOfSample } from './change-fields.ts'
import { type Pixels, roundHalfToEven, zerosLike } from './pixels.ts'

/** One value for all channels, or one a channel, on the image's own scale. */
export type Fill = number | readonly number[]

export interface AffineMap {
  /** Clockwise, in degrees. */
  readonly angle?: number
  /** To the right and down, in pixels. */
  readonly translate?: readonly [x: number, y: number]
  readonly scale?: number
  /** In degrees. */
  readonly shear?: readonly [x: number, y: number]
  /** The point that rotation, scale and shear leave where it is, in pixels; by default the middle of the image. */
  readonly center?: readonly [x: number, y: number]
}

export interface AffineSampling {
  readonly interpolation?: 'nearest' | 'bilinear'
  /** What is beyond the image. Bilinear sampling fades to it at the edge; with null to zero, once and not twice, as torchvision's None does. */
  readonly fill?: Fill | null
}

/** `x' = a x + b y + c`, `y' = d x + e y + f` */
type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number]

/**
 * Rotates, scales, shears and shifts images within their frame: `M = T · C · R(angle) · S(scale) · Shear · C⁻¹`.
 * A mask takes the nearest pixel, and 0 outside; a box becomes the box around its four moved corners.
 *
 * @see torchvision.transforms.v2.functional.affine
 */
export function affine<S extends object>(
  sample: S,
  map: AffineMap,
  { interpolation = 'nearest', fill = 0 }: AffineSampling = {},
): S {
  const [height, width] = sizeOfSample('affine', sample)
  const { angle = 0, translate = [0, 0], scale = 1, shear = [0, 0], center = [width / 2, height / 2] } = map
  const linear = linearPart(angle, scale, shear)
  // The output's pixel centres are mapped back: rows and columns count from the middle of the image.
  const back = around(inverse(linear), translate, [center[0] - width / 2, center[1] - height / 2], true)
  const sample2d = interpolation === 'nearest' ? sampleNearest : sampleBilinear
  const forth = around(linear, translate, center, false)
  return changeFields(sample, {
    image({ data, shape, ...image }) {
      const fills = Array.from({ length: shape[2] }, (_, channel) =>
        typeof fill === 'number' ? fill : (fill?.[channel] ?? 0),
      )
      return { ...image, shape, data: sample2d(data, shape, back, fills, fill === null) }
    },
    mask: (mask) => ({ ...mask, data: sampleNearest(mask.data, [height, width, 1], back, [0]) }),
    boxes: (boxes) => ({ ...boxes, data: boxesAround(boxes.data, [height, width], forth) }),
  })
}

type Linear = readonly [a: number, b: number, d: number, e: number]

/** `R(angle) · S(scale) · ShearY · ShearX` */
function linearPart(angle: number, scale: number, [shearX, shearY]: readonly [number, number]): Linear {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180
  const rotation = radians(angle)
  const tanX = Math.tan(radians(shearX))
  const y = radians(shearY)
  const a = Math.cos(rotation - y) / Math.cos(y)
  const d = Math.sin(rotation - y) / Math.cos(y)
  return [a, -(a * tanX + Math.sin(rotation)), d, Math.cos(rotation) - d * tanX].map(
    (value) => value * scale,
  ) as unknown as Linear
}

function inverse([a, b, d, e]: Linear): Linear {
  const determinant = a * e - b * d
  return [e / determinant, -b / determinant, -d / determinant, a / determinant]
}

/** The linear map about `center`, and the shift: after it, or, `backwards`, before it and undone. */
function around(
  [a, b, d, e]: Linear,
  [x, y]: readonly [number, number],
  [centerX, centerY]: readonly [number, number],
  backwards: boolean,
): Matrix {
  if (backwards) {
    const fromX = centerX + x
    const fromY = centerY + y
    return [a, b, centerX - a * fromX - b * fromY, d, e, centerY - d * fromX - e * fromY]
  }
  return [a, b, centerX + x - a * centerX - b * centerY, d, e, centerY + y - d * centerX - e * centerY]
}

type Shape = readonly [height: number, width: number, channels: number]

function sampleNearest<P extends Pixels>(
  pixels: P,
  [height, width, channels]: Shape,
  [a, b, c, d, e, f]: Matrix,
  fill: readonly number[],
): P {
  const result = zerosLike(pixels, pixels.length)
  let to = 0
  for (let y = 0; y < height; y++) {
    const fromMiddleY = y + 0.5 - height / 2
    for (let x = 0; x < width; x++, to += channels) {
      const fromMiddleX = x + 0.5 - width / 2
      const column = roundHalfToEven(a * fromMiddleX + b * fromMiddleY + c + width / 2 - 0.5)
      const row = roundHalfToEven(d * fromMiddleX + e * fromMiddleY + f + height / 2 - 0.5)
      const inside = column >= 0 && column < width && row >= 0 && row < height
      const from = (row * width + column) * channels
      for (let channel = 0; channel < channels; channel++) {
        result[to + channel] = (inside ? pixels[from + channel] : fill[channel]) as number
      }
    }
  }
  return result
}

/** Towards the edge the image fades to 0 and that to `fill`, as torchvision's does. */
function sampleBilinear(
  pixels: Uint8Array | Float32Array,
  [height, width, channels]: Shape,
  [a, b, c, d, e, f]: Matrix,
  fill: readonly number[],
  fadesOnce: boolean,
): Uint8Array | Float32Array {
  const result = zerosLike(pixels, pixels.length)
  const bytes = pixels instanceof Uint8Array
  let to = 0
  for (let y = 0; y < height; y++) {
    const fromMiddleY = y + 0.5 - height / 2
    for (let x = 0; x < width; x++, to += channels) {
      const fromMiddleX = x + 0.5 - width / 2
      const column = a * fromMiddleX + b * fromMiddleY + c + width / 2 - 0.5
      const row = d * fromMiddleX + e * fromMiddleY + f + height / 2 - 0.5
      const left = Math.floor(column)
      const top = Math.floor(row)
      const right = column - left // the share of the pixels to the right
      const bottom = row - top
      for (let channel = 0; channel < channels; channel++) {
        let value = 0
        let inside = 0
        for (let corner = 0; corner < 4; corner++) {
          const cornerX = left + (corner & 1)
          const cornerY = top + (corner >> 1)
          if (cornerX < 0 || cornerX >= width || cornerY < 0 || cornerY >= height) continue
          const weight = (corner & 1 ? right : 1 - right) * (corner >> 1 ? bottom : 1 - bottom)
          value += weight * (pixels[(cornerY * width + cornerX) * channels + channel] as number)
          inside += weight
        }
        const edge = fill[channel] as number
        const blended = fadesOnce ? value : inside * (value - edge) + edge
        result[to + channel] = bytes ? roundHalfToEven(blended) : blended
      }
    }
  }
  return result
}

function boxesAround(
  boxes: Float32Array,
  [height, width]: readonly [number, number],
  [a, b, c, d, e, f]: Matrix,
): Float32Array {
  const moved = new Float32Array(boxes.length)
  const cut = (value: number, most: number): number => Math.min(Math.max(value, 0), most)
  for (let at = 0; at < boxes.length; at += 4) {
    const [left, top, right, bottom] = boxes.subarray(at, at + 4) as unknown as [number, number, number, number]
    const corners = [
      [left, top],
      [right, top],
      [right, bottom],
      [left, bottom],
    ] as const
    const xs = corners.map(([x, y]) => a * x + b * y + c)
    const ys = corners.map(([x, y]) => d * x + e * y + f)
    moved[at] = cut(Math.min(...xs), width)
    moved[at + 1] = cut(Math.min(...ys), height)
    moved[at + 2] = cut(Math.max(...xs), width)
    moved[at + 3] = cut(Math.max(...ys), height)
  }
  return moved
}
