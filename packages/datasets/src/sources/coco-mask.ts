import { DatasetError } from '../dataset-error.ts'

/** How COCO writes the shape of an object: polygons `[x, y, x, y, …]`, or runs down the columns. */
export type CocoSegmentation = readonly (readonly number[])[] | CocoRuns

export interface CocoRuns {
  readonly size: readonly [height: number, width: number]
  /** Lengths of runs outside and inside by turns, or these in COCO's own text. */
  readonly counts: readonly number[] | string
}

/** Points along a boundary, a fifth of a pixel apart, as pycocotools has them. */
const SCALE = 5

/**
 * The pixels of an object, `[height, width]`: 1 inside, 0 outside.
 *
 * @throws DatasetError for runs that do not fill the image, and polygons that leave it by far
 * @see pycocotools.mask: frPyObjects and decode
 */
export function cocoMask(segmentation: CocoSegmentation, height: number, width: number): Uint8Array {
  const columns = new Uint8Array(height * width) // down the columns: [width, height]
  if ('counts' in segmentation) fillRuns(columns, segmentation, height, width)
  else for (const polygon of segmentation) fillPolygon(columns, polygon, height, width)
  const mask = new Uint8Array(height * width)
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) mask[y * width + x] = columns[x * height + y] as number
  }
  return mask
}

function fillRuns(columns: Uint8Array, { size, counts }: CocoRuns, height: number, width: number): void {
  if (size[0] !== height || size[1] !== width) {
    throw new DatasetError(`cocoMask: expected runs for [${height}, ${width}], got [${size}]`)
  }
  const runs = typeof counts === 'string' ? readRuns(counts) : counts
  let at = 0
  for (const [index, run] of runs.entries()) {
    if (!Number.isInteger(run) || run < 0 || run > columns.length - at) {
      throw new DatasetError(
        `cocoMask: expected runs that fill ${columns.length} pixels, got run ${index} of ${run} at ${at}`,
      )
    }
    columns.fill(index % 2, at, at + run)
    at += run
  }
  if (at !== columns.length)
    throw new DatasetError(`cocoMask: expected runs that fill ${columns.length} pixels, got ${at}`)
}

/** Numbers of five bits a character, the lowest first; from the fourth on, differences to the one before the last. */
function readRuns(text: string): number[] {
  const runs: number[] = []
  let at = 0
  while (at < text.length) {
    let value = 0
    for (let place = 1, more = true; more; place *= 32, at++) {
      const code = text.charCodeAt(at) - 48
      if (!(code >= 0 && code < 64) || place > 2 ** 35) {
        throw new DatasetError(`cocoMask: expected COCO's text of runs, got ${JSON.stringify(text.slice(0, 40))}`)
      }
      value += (code & 31) * place
      more = (code & 32) !== 0
      if (!more && (code & 16) !== 0) value -= 32 * place // a negative number goes on with ones
    }
    runs.push(runs.length > 2 ? value + (runs.at(-2) as number) : value)
  }
  return runs
}

/** pycocotools' rleFrPoly: where the boundary crosses the middle of a column, inside and outside change. */
function fillPolygon(columns: Uint8Array, polygon: readonly number[], height: number, width: number): void {
  const corners = polygon.length / 2
  const point = (corner: number): [x: number, y: number] => [
    Math.trunc(SCALE * (polygon[2 * (corner % corners)] as number) + 0.5),
    Math.trunc(SCALE * (polygon[2 * (corner % corners) + 1] as number) + 0.5),
  ]
  let length = 0
  for (let corner = 0; corner < corners; corner++) {
    const [[x, y], [nextX, nextY]] = [point(corner), point(corner + 1)]
    length += Math.max(Math.abs(x - nextX), Math.abs(y - nextY)) + 1
  }
  if (!Number.isInteger(corners) || corners < 3 || !(length <= 100 * columns.length + 1000)) {
    throw new DatasetError(
      `cocoMask: expected a polygon [x, y, …] of three corners or more on an image of ${width}×${height} pixels, got ${polygon.length} numbers that begin with ` +
        `[${polygon.slice(0, 4)}] and go ${Math.round(length / SCALE)} pixels`,
    )
  }
  const changes = new Uint8Array(columns.length + 1)
  let before: readonly [x: number, y: number] | undefined
  for (let corner = 0; corner < corners; corner++) {
    for (const now of pointsBetween(point(corner), point(corner + 1))) {
      if (before && now[0] !== before[0]) {
        const column = ((now[0] < before[0] ? now[0] : now[0] - 1) + 0.5) / SCALE - 0.5
        if (Number.isInteger(column) && column >= 0 && column <= width - 1) {
          const row = (Math.min(now[1], before[1]) + 0.5) / SCALE - 0.5
          const at = column * height + Math.ceil(Math.min(Math.max(row, 0), height))
          changes[at] = 1 - (changes[at] as number)
        }
      }
      before = now
    }
  }
  let inside = 0
  for (let at = 0; at < columns.length; at++) {
    inside ^= changes[at] as number
    if (inside) columns[at] = 1
  }
}

function* pointsBetween(
  from: readonly [x: number, y: number],
  to: readonly [x: number, y: number],
): Generator<readonly [x: number, y: number]> {
  const flat = Math.abs(to[0] - from[0]) >= Math.abs(to[1] - from[1])
  const [long, short] = flat ? ([0, 1] as const) : ([1, 0] as const)
  const backwards = from[long] > to[long]
  const [start, end] = backwards ? [to, from] : [from, to]
  const steps = end[long] - start[long]
  const slope = steps === 0 ? 0 : (end[short] - start[short]) / steps
  for (let step = 0; step <= steps; step++) {
    const t = backwards ? steps - step : step
    const along = start[long] + t
    const across = Math.trunc(start[short] + slope * t + 0.5)
    yield flat ? [along, across] : [across, along]
  }
}
