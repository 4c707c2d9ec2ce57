import {
  add,
  cast,
  div,
  equal,
  floor,
  gather,
  greaterEqual,
  maxPool2d,
  mul,
  reshape,
  sigmoid,
  stack,
  sub,
  type Tensor,
  tensor,
  tidy,
  topK,
  unstack,
  where,
} from '@ddnet/ops'
import { itemAt, tuple } from '@ddnet/ops/checks'
import type { DetectionMaps } from './ddnet-heads.ts'

/** An object of an image, in its pixels. */
export interface LabelledBox {
  /** Left, top, right and bottom. */
  readonly box: readonly [number, number, number, number]
  readonly label: number
}

/** What the heads of a detector are to give. */
export interface DetectionTargets {
  /** 1 at the centre of an object of the class, less around it: `[batch, height, width, classes]`. */
  readonly heatMap: Tensor
  /** Width and height of the box, in places, where there is a centre: `[batch, height, width, 2]`. */
  readonly size: Tensor
  /** How far the centre is to the right and below its place: `[batch, height, width, 2]`. */
  readonly offset: Tensor
  /** 1 where there is a centre, else 0: `[batch, height, width, 1]`. */
  readonly centres: Tensor
}

export interface DetectionTargetsOptions {
  readonly classes: number
  /** Of the images, in pixels. */
  readonly height: number
  readonly width: number
  /** How many pixels of an image are one place: 4 by default, CenterNet's. */
  readonly stride?: number
}

/**
 * What a detector is to say of images with these objects: at the place of a centre 1, and around it a Gaussian as wide as a box may be moved
 * and still overlap by 0.7. Where two meet, the larger value counts; of two centres at one place the later one has its size.
 *
 * @param images the objects of each image; a box is cut to its image, and left out where nothing remains
 * @throws RangeError for a label that is no class, a box without size, and an image whose size the stride does not divide
 * @see Law and Deng 2018, "CornerNet", section 3.2; Zhou et al. 2019
 * @example detectionTargets([[{ box: [10, 20, 50, 80], label: 2 }]], { classes: 3, height: 128, width: 128 })
 */
export function detectionTargets(
  images: readonly (readonly LabelledBox[])[],
  { classes, height, width, stride = 4 }: DetectionTargetsOptions,
): DetectionTargets {
  const [rows, columns] = [height / stride, width / stride]
  if (!Number.isInteger(rows) || !Number.isInteger(columns)) {
    throw new RangeError(
      `detectionTargets: expected a height and width that divide by the stride ${stride}, got ${height} × ${width}.`,
    )
  }
  const area = rows * columns
  const heatMap = new Float32Array(images.length * area * classes)
  const size = new Float32Array(images.length * area * 2)
  const offset = new Float32Array(images.length * area * 2)
  const centres = new Float32Array(images.length * area)
  for (const [image, objects] of images.entries()) {
    for (const { box, label } of objects) {
      if (!Number.isInteger(label) || label < 0 || label >= classes) {
        throw new RangeError(`detectionTargets: expected labels in 0 … ${classes - 1}, got ${label}.`)
      }
      const [left, top, right, bottom] = box
      if (!(left < right && top < bottom)) {
        throw new RangeError(`detectionTargets: expected a box of left, top, right and bottom, got [${box}].`)
      }
      const [x0, x1] = [Math.max(0, left) / stride, Math.min(width, right) / stride]
      const [y0, y1] = [Math.max(0, top) / stride, Math.min(height, bottom) / stride]
      if (!(x0 < x1 && y0 < y1)) continue
      const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2]
      const [column, row] = [Math.floor(x), Math.floor(y)]
      const place = image * area + row * columns + column
      size.set([x1 - x0, y1 - y0], place * 2)
      offset.set([x - column, y - row], place * 2)
      centres[place] = 1
      const radius = Math.floor(gaussianRadius(x1 - x0, y1 - y0))
      const sigma = (2 * radius + 1) / 6
      for (let i = Math.max(0, row - radius); i <= Math.min(rows - 1, row + radius); i++) {
        for (let j = Math.max(0, column - radius); j <= Math.min(columns - 1, column + radius); j++) {
          const at = (image * area + i * columns + j) * classes + label
          const value = Math.exp(-((i - row) ** 2 + (j - column) ** 2) / (2 * sigma ** 2))
          heatMap[at] = Math.max(itemAt(heatMap, at), value)
        }
      }
    }
  }
  const shape = [images.length, rows, columns]
  return {
    heatMap: tensor(heatMap, [...shape, classes]),
    size: tensor(size, [...shape, 2]),
    offset: tensor(offset, [...shape, 2]),
    centres: tensor(centres, [...shape, 1]),
  }
}

/**
 * How far both corners of a box may be moved, in each direction, so that what comes out still overlaps it by `overlap` (intersection over
 * union): both alike, both outwards or both inwards.
 */
export function gaussianRadius(width: number, height: number, overlap = 0.7): number {
  const [half, area] = [width + height, width * height]
  // (w − r)(h − r) / (2wh − (w − r)(h − r)) = overlap
  const shifted = (half - Math.sqrt(half ** 2 - (4 * area * (1 - overlap)) / (1 + overlap))) / 2
  // (w − 2r)(h − 2r) / wh = overlap
  const inwards = (half - Math.sqrt(half ** 2 - 4 * area * (1 - overlap))) / 4
  // wh / (w + 2r)(h + 2r) = overlap
  const outwards = (Math.sqrt(half ** 2 + 4 * area * (1 / overlap - 1)) - half) / 4
  return Math.min(shifted, inwards, outwards)
}

export interface DecodeOptions {
  /** How many objects an image has at most: 100 by default. */
  readonly limit?: number
  /** What scores less is none: 0 by default, since measures rank all. */
  readonly threshold?: number
  /** How many pixels of an image are one place: 4 by default, CenterNet's. */
  readonly stride?: number
}

/** Objects that were found, the surest first, as `cocoScores` of `@ddnet/metrics` takes them. */
export interface FoundBoxes {
  /** Left, top, right and bottom in pixels: `[batch, limit, 4]`. */
  readonly boxes: Tensor
  /** 0 … 1: `[batch, limit]`. */
  readonly scores: Tensor
  /** int32 `[batch, limit]`; −1 where there is none. */
  readonly labels: Tensor
}

/**
 * The objects of each image: places whose heat is the largest of the nine around them, each with the box that the other heads give there.
 * Nothing is suppressed beyond that.
 *
 * @param detections of a `CenterNet`, or of a `DetectionHead` with stride 1
 * @throws RangeError for a limit that is not a positive integer
 * @see Zhou et al. 2019, "Objects as points", section 4
 * @example cocoScores(decodeDetections(model.forward(image)), { boxes, labels })
 */
export function decodeDetections(
  { heatMap, size, offset }: DetectionMaps,
  { limit = 100, threshold = 0, stride = 4 }: DecodeOptions = {},
): FoundBoxes {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RangeError(`decodeDetections: expected limit as a positive integer, got ${limit}.`)
  }
  const [batch, rows, columns, classes] = tuple(heatMap.shape, 4)
  const area = rows * columns
  const count = Math.min(limit, area * classes)
  return tidy(() => {
    const isPeak = equal(maxPool2d(heatMap, { kernelSize: 3, stride: 1, padding: 1 }), heatMap)
    const heat = reshape(where(isPeak, sigmoid(heatMap), 0), [batch, area * classes])
    const { values: scores, indices } = topK(heat, count)
    const found = cast(indices, 'float32')
    const cells = quotient(found, classes) // [batch, count], as the others
    const labels = sub(found, mul(cells, classes))
    const row = quotient(cells, columns)
    const column = sub(cells, mul(row, columns))

    const images = tensor(
      Int32Array.from({ length: batch }, (_, image) => image * area),
      [batch, 1],
      'int32',
    )
    const chosen = reshape(add(cast(cells, 'int32'), images), [batch * count])
    /** The two values of a head at each cell. */
    const at = (head: Tensor) =>
      tuple(
        unstack(gather(reshape(head, [batch * area, 2]), chosen), 1).map((each) => reshape(each, [batch, count])),
        2,
      )
    const [width, height] = at(size)
    const [right, down] = at(offset)
    const [x, y] = [add(column, right), add(row, down)]
    const [halfWidth, halfHeight] = [div(width, 2), div(height, 2)]
    const sides = [sub(x, halfWidth), sub(y, halfHeight), add(x, halfWidth), add(y, halfHeight)]
    return {
      boxes: mul(stride, stack(sides, -1)),
      scores,
      labels: cast(where(greaterEqual(scores, threshold), labels, -1), 'int32'),
    }
  })
}

/** Whole numbers divided by one, without the rest; half of one more keeps the quotient away from what it is rounded to. */
const quotient = (x: Tensor, by: number): Tensor => floor(div(add(x, 0.5), by))
