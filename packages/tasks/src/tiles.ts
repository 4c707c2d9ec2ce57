import { softmax, type Tensor, tensor, tidy, toHost } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'

/** A picture of any size, as a model takes pictures. */
export interface WholePicture {
  /** `[height, width, channels]`, scaled and normalized as the model's training images were. */
  readonly data: Float32Array
  readonly shape: readonly [height: number, width: number, channels: number]
  /** Height and width of what the model takes. */
  readonly tile: readonly [height: number, width: number]
  /** Height and width of the answer, as of the picture before it was scaled. */
  readonly size: readonly [height: number, width: number]
}

/** Probabilities of the classes of each pixel. */
interface ClassMap {
  /** `[height, width, classes]` */
  readonly data: Float32Array
  readonly shape: readonly [height: number, width: number, classes: number]
}

/** Tiles share a quarter of their height and width with the next one. */
const OVERLAP = 0.25
/** Tiles in a batch. */
const BATCH = 8

/**
 * The class of each pixel of a whole picture. The model gets tiles of the size of its training images, evenly spread over the picture, each
 * sharing at least a quarter with the next one; a side that is shorter than a tile is mirrored at its end. Where tiles overlap, their
 * probabilities are averaged, weighted by how far a pixel is from the edge of its tile, where a convolution sees zeros in the place of the
 * picture. The map is then brought to the answer's size bilinearly, and the likeliest class of each pixel taken.
 *
 * @param logitsOf logits `[batch, height, width, classes]` of tiles `[batch, height, width, channels]`
 * @returns `[height, width]` of `size`
 */
export async function classesByTiles(
  logitsOf: (tiles: Tensor) => Tensor,
  picture: WholePicture,
  classes: number,
): Promise<Int32Array> {
  return likeliest(await probabilitiesByTiles(logitsOf, picture, classes), picture.size)
}

async function probabilitiesByTiles(
  logitsOf: (tiles: Tensor) => Tensor,
  { data, shape: [height, width, channels], tile: [tileHeight, tileWidth] }: WholePicture,
  classes: number,
): Promise<ClassMap> {
  const lefts = startsOf(width, tileWidth)
  const corners = startsOf(height, tileHeight).flatMap((top) => lefts.map((left) => ({ top, left })))
  const [rowWeights, columnWeights] = [rampOf(tileHeight), rampOf(tileWidth)]
  const sums = new Float32Array(height * width * classes)
  const weights = new Float32Array(height * width)
  const tileSize = tileHeight * tileWidth * channels
  for (let first = 0; first < corners.length; first += BATCH) {
    const some = corners.slice(first, first + BATCH)
    const values = new Float32Array(some.length * tileSize)
    for (const [at, { top, left }] of some.entries()) {
      for (let y = 0; y < tileHeight; y++) {
        const row = mirrored(top + y, height) * width
        for (let x = 0; x < tileWidth; x++) {
          const from = (row + mirrored(left + x, width)) * channels
          const to = at * tileSize + (y * tileWidth + x) * channels
          for (let channel = 0; channel < channels; channel++) values[to + channel] = itemAt(data, from + channel)
        }
      }
    }
    const found = tidy(() => softmax(logitsOf(tensor(values, [some.length, tileHeight, tileWidth, channels]))))
    const { data: probabilities } = await toHost(found)
    found.dispose()
    for (const [at, { top, left }] of some.entries()) {
      for (let y = 0; y < Math.min(tileHeight, height - top); y++) {
        for (let x = 0; x < Math.min(tileWidth, width - left); x++) {
          const weight = itemAt(rowWeights, y) * itemAt(columnWeights, x)
          const to = (top + y) * width + left + x
          const from = ((at * tileHeight + y) * tileWidth + x) * classes
          weights[to] = itemAt(weights, to) + weight
          for (let label = 0; label < classes; label++) {
            sums[to * classes + label] =
              itemAt(sums, to * classes + label) + weight * Number(probabilities[from + label])
          }
        }
      }
    }
  }
  for (let at = 0; at < sums.length; at++) {
    sums[at] = itemAt(sums, at) / itemAt(weights, Math.floor(at / classes))
  }
  return { data: sums, shape: [height, width, classes] }
}

/** Where tiles begin, evenly, so that the last one ends with the side. */
function startsOf(length: number, tile: number): number[] {
  const room = length - tile
  if (room <= 0) return [0]
  const steps = Math.ceil(room / Math.max(1, Math.floor(tile * (1 - OVERLAP))))
  return Array.from({ length: steps + 1 }, (_, step) => Math.round((step * room) / steps))
}

/** 1 in the middle, and less to the edges over what tiles share; never 0. */
const rampOf = (tile: number): number[] =>
  Array.from({ length: tile }, (_, at) => Math.min(1, (Math.min(at, tile - 1 - at) + 1) / (tile * OVERLAP + 1)))

/** Positions beyond the end of a side go back from its last one, and forth from its first one: … 2 1 0 1 2 1 0 … */
function mirrored(at: number, length: number): number {
  if (at < length) return at
  if (length === 1) return 0
  const place = at % (2 * length - 2)
  return place < length ? place : 2 * length - 2 - place
}

/** The likeliest class of each pixel of a map that is brought to `size`, where position `i` lies at `(i + ½) · in / out − ½`. */
function likeliest(
  { data, shape: [height, width, classes] }: ClassMap,
  [outHeight, outWidth]: readonly [number, number],
): Int32Array {
  const rows = tapsOf(height, outHeight)
  const columns = tapsOf(width, outWidth)
  const found = new Int32Array(outHeight * outWidth)
  for (const [y, row] of rows.entries()) {
    for (const [x, column] of columns.entries()) {
      const at = (row: number, column: number) => (row * width + column) * classes
      const [a, b] = [at(row.before, column.before), at(row.before, column.behind)]
      const [c, d] = [at(row.behind, column.before), at(row.behind, column.behind)]
      let [best, most] = [0, -1]
      for (let label = 0; label < classes; label++) {
        const above = itemAt(data, a + label) * (1 - column.share) + itemAt(data, b + label) * column.share
        const below = itemAt(data, c + label) * (1 - column.share) + itemAt(data, d + label) * column.share
        const value = above * (1 - row.share) + below * row.share
        if (value > most) [best, most] = [label, value]
      }
      found[y * outWidth + x] = best
    }
  }
  return found
}

/** Which two positions an output position lies between, and how near it is to the one behind. */
const tapsOf = (from: number, to: number) =>
  Array.from({ length: to }, (_, at) => {
    const place = Math.min(from - 1, Math.max(0, ((at + 0.5) * from) / to - 0.5))
    const before = Math.floor(place)
    return { before, behind: Math.min(from - 1, before + 1), share: place - before }
  })
