import type { Key } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import type { ClassificationSample, Dataset, DetectionSample, SegmentationSample } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import { boxesField, boxLabelsField, imageField, maskField } from '../fields.ts'
import { checkIndex } from '../image-dataset.ts'
import type { CocoRuns } from '../sources/coco-mask.ts'
import { resample } from '../transforms/resample.ts'
import { type Draws, drawsFrom } from './draws.ts'

/** A colour and what captions call it. */
export interface SceneColor {
  readonly name: string
  readonly color: readonly [red: number, green: number, blue: number]
}

export interface ScenesOptions {
  /** How many scenes. */
  readonly count: number
  /** Height and width of each, in pixels. */
  readonly size: number
  /** How many objects a scene has: so many, or from so many to so many. */
  readonly objects: number | readonly [least: number, most: number]
  /** The same key gives the same scenes, byte by byte. */
  readonly key: Key
  /** What pictures in gray are painted with: `sceneColors` by default. Pictures in colour keep theirs. */
  readonly colors?: readonly SceneColor[]
}

/** What is seen of one object. */
export interface SceneObject {
  readonly label: number
  /** The name of its colour, where it was painted. */
  readonly color?: string
  /** Around its visible pixels. */
  readonly box: readonly [left: number, top: number, right: number, bottom: number]
  /** How many pixels of it are visible. */
  readonly area: number
  /** Which these are. */
  readonly segmentation: CocoRuns
}

/** Box labels are the labels of the pictures, and classes of the mask one more, for 0 is the ground. */
export type SceneSample = DetectionSample & SegmentationSample

export interface Scene {
  readonly sample: SceneSample
  /** In the order of the boxes of the sample. */
  readonly objects: readonly SceneObject[]
}

export interface Scenes extends Dataset<SceneSample> {
  /** A scene with all that is known of its objects. */
  scene(index: number): Promise<Scene>
}

/** Six colours that are told apart easily. */
export const sceneColors: readonly SceneColor[] = [
  { name: 'red', color: [230, 60, 50] },
  { name: 'green', color: [70, 200, 80] },
  { name: 'blue', color: [80, 120, 250] },
  { name: 'yellow', color: [240, 215, 60] },
  { name: 'purple', color: [190, 90, 220] },
  { name: 'white', color: [240, 240, 240] },
]

/** An object's pixels count as its own from this share of its ink on. */
const solid = 128
/** How many places are tried for one object, and how many times a scene is begun again. */
const tries = { places: 60, scenes: 50 }

/**
 * Scenes that are composed of pictures with a class each: objects at random places and sizes on a ground of dark colours, with
 * exact boxes and masks. Of a picture in gray the bright part is the object, painted in one of `colors`; of one in colour all of it is.
 * An object may cover another a little: boxes, areas and masks are those of what remains visible.
 *
 * Objects are a quarter to half as large as the scene, smaller where there are more than three. Every second object behind the first
 * is of the class and colour of one before it, so that there is something to count.
 *
 * @throws DatasetError for pictures without labels, and for options out of range
 * @example scenes(mnist.train, { count: 2000, size: 64, objects: [1, 4], key: random.key(1) })
 */
export function scenes(pictures: Dataset<ClassificationSample>, options: ScenesOptions): Scenes {
  const { count, size, key, colors = sceneColors } = options
  const [least, most] = typeof options.objects === 'number' ? [options.objects, options.objects] : options.objects
  const whole = (value: number, from: number) => Number.isSafeInteger(value) && value >= from
  const expect = (holds: boolean, expected: string, got: unknown) => {
    if (!holds) throw new DatasetError(`scenes: expected ${expected}, got ${got}`)
  }
  expect(whole(count, 0), 'count as a whole number of at least 0', count)
  expect(whole(size, 16), 'size as a whole number of at least 16 pixels', size)
  expect(
    whole(least, 1) && whole(most, least),
    'objects as a whole number of at least 1, or two in order',
    options.objects,
  )
  expect(colors.length > 0, 'at least one of colors', 0)
  const byClass = placesByClass(pictures)
  const sides = sidesOf(size, most)
  expect(sides.least >= 4, `at most ${mostObjects(size)} objects on ${size} × ${size} pixels`, most)
  const scene = async (index: number): Promise<Scene> => {
    checkIndex(index, count)
    const own = key.fold(index)
    for (let attempt = 0; attempt < tries.scenes; attempt++) {
      const draws = drawsFrom(own.fold(attempt))
      const wanted = await objectsFor(pictures, byClass, least + draws.below(most - least + 1), colors, sides, draws)
      const placed = place(wanted, size, draws)
      if (placed !== undefined) return paint(placed, size, draws)
    }
    throw new DatasetError(
      `scenes: found no place for ${least === most ? most : `${least} to ${most}`} objects on ${size} × ${size} pixels. Take larger scenes, or fewer objects.`,
    )
  }
  return { length: count, scene, get: async (index) => (await scene(index)).sample }
}

/** Objects grow smaller where there are many, so that there is a place for each. */
function sidesOf(size: number, objects: number): { least: number; most: number } {
  const crowding = Math.max(1, Math.sqrt(objects / 3))
  return { least: Math.floor(size / 4 / crowding), most: Math.floor(size / 2 / crowding) }
}

/** So many that the smallest has four pixels a side. */
const mostObjects = (size: number): number => {
  let objects = 1
  while (sidesOf(size, objects + 1).least >= 4) objects++
  return objects
}

function placesByClass({ labels, length }: Dataset<ClassificationSample>): readonly (readonly [number, number[]])[] {
  if (labels === undefined || length === 0) {
    throw new DatasetError(
      'scenes: expected pictures with labels, as those of imageDataset, got none. Give the dataset `labels`.',
    )
  }
  const places = new Map<number, number[]>()
  for (let index = 0; index < length; index++) {
    const label = itemAt(labels, index)
    const known = places.get(label)
    if (known === undefined) places.set(label, [index])
    else known.push(index)
  }
  return [...places].sort(([a], [b]) => a - b)
}

/** An object before it has a place. */
interface Cutout {
  readonly label: number
  readonly paint: SceneColor | undefined
  readonly side: number
  /** `[side, side, channels]` */
  readonly pixels: Uint8Array
  readonly channels: number
  /** Around its solid pixels, within the cutout. */
  readonly box: readonly [left: number, top: number, right: number, bottom: number]
}

async function objectsFor(
  pictures: Dataset<ClassificationSample>,
  byClass: readonly (readonly [number, number[]])[],
  count: number,
  colors: readonly SceneColor[],
  sides: { readonly least: number; readonly most: number },
  draws: Draws,
): Promise<Cutout[]> {
  const kinds: { of: readonly [number, number[]]; paint: SceneColor }[] = []
  const cutouts: Cutout[] = []
  while (cutouts.length < count) {
    const again = kinds.length > 0 && draws.below(2) === 0
    const kind = again ? draws.oneOf(kinds) : { of: draws.oneOf(byClass), paint: draws.oneOf(colors) }
    kinds.push(kind)
    const [label, places] = kind.of
    const { image } = await pictures.get(draws.oneOf(places))
    const side = sides.least + draws.below(sides.most - sides.least + 1)
    cutouts.push(cutoutOf(image.data, image.shape, label, kind.paint, side))
  }
  return cutouts
}

function cutoutOf(
  data: Uint8Array | Float32Array,
  shape: readonly [height: number, width: number, channels: number],
  label: number,
  paint: SceneColor,
  side: number,
): Cutout {
  const [, , channels] = shape
  if (!(data instanceof Uint8Array) || (channels !== 1 && channels !== 3)) {
    throw new DatasetError(
      `scenes: expected pictures of bytes with 1 or 3 channels, got ${data.constructor.name} of ${channels}`,
    )
  }
  const pixels = resample(data, shape, [side, side], true) as Uint8Array // bytes of bytes
  if (channels === 3) return { label, paint: undefined, side, pixels, channels, box: [0, 0, side, side] }
  // Thin strokes fade as they shrink: the brightest pixel is full ink again.
  let brightest = 1
  for (const value of pixels) brightest = Math.max(brightest, value)
  const ink = pixels.map((value) => Math.floor((value * 255) / brightest))
  return { label, paint, side, pixels: ink, channels, box: boundsOf(ink, side, (value) => value >= solid) }
}

type Box = readonly [left: number, top: number, right: number, bottom: number]

function boundsOf(values: ArrayLike<number>, width: number, isInside: (value: number) => boolean): Box {
  let [left, top, right, bottom] = [width, Math.ceil(values.length / width), 0, 0]
  for (let at = 0; at < values.length; at++) {
    if (!isInside(itemAt(values, at))) continue
    const [x, y] = [at % width, Math.floor(at / width)]
    left = Math.min(left, x)
    top = Math.min(top, y)
    right = Math.max(right, x + 1)
    bottom = Math.max(bottom, y + 1)
  }
  return [left, top, right, bottom]
}

interface Placed extends Cutout {
  readonly left: number
  readonly top: number
}

/** Places at which no two boxes share more than an eighth of the smaller one; nothing where they were not found. */
function place(cutouts: readonly Cutout[], size: number, draws: Draws): Placed[] | undefined {
  const placed: Placed[] = []
  for (const cutout of cutouts) {
    const [left, top, right, bottom] = cutout.box
    let found: Placed | undefined
    for (let attempt = 0; attempt < tries.places && found === undefined; attempt++) {
      // The object is whole; what is dark around it may lie outside.
      const x = draws.below(size - (right - left) + 1) - left
      const y = draws.below(size - (bottom - top) + 1) - top
      const tried = { ...cutout, left: x, top: y }
      if (placed.every((other) => sharedShare(boxOn(tried), boxOn(other)) <= 1 / 8)) found = tried
    }
    if (found === undefined) return undefined
    placed.push(found)
  }
  return placed
}

const boxOn = ({ left, top, box }: Placed): Box => [left + box[0], top + box[1], left + box[2], top + box[3]]
const areaOf = ([left, top, right, bottom]: Box): number => (right - left) * (bottom - top)

/** Which share of the smaller box lies in both. */
function sharedShare(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  return width > 0 && height > 0 ? (width * height) / Math.min(areaOf(a), areaOf(b)) : 0
}

function paint(placed: readonly Placed[], size: number, draws: Draws): Scene {
  const data = ground(size, draws)
  const owner = new Uint16Array(size * size) // 1 + the object that is seen there
  for (const [index, object] of placed.entries()) draw(object, index + 1, data, owner, size)
  const mask = Uint8Array.from(owner, (one) => (one === 0 ? 0 : itemAt(placed, one - 1).label + 1))
  const objects = placed.map(({ label, paint }, index): SceneObject => {
    const isOwn = (one: number) => one === index + 1
    return {
      label,
      ...(paint && { color: paint.name }),
      box: boundsOf(owner, size, isOwn),
      area: owner.reduce((sum, one) => sum + Number(isOwn(one)), 0),
      segmentation: runsOf(owner, size, isOwn),
    }
  })
  return {
    sample: {
      image: imageField(data, [size, size, 3]),
      mask: maskField(mask, [size, size]),
      boxes: boxesField(Float32Array.from(objects.flatMap(({ box }) => box))),
      boxLabels: boxLabelsField(Int32Array.from(objects, ({ label }) => label)),
    },
    objects,
  }
}

/** From one dark colour above to another below, with a little noise. */
function ground(size: number, draws: Draws): Uint8Array {
  const color = () => Array.from({ length: 3 }, () => draws.below(96))
  const [above, below] = [color(), color()]
  const data = new Uint8Array(size * size * 3)
  for (let at = 0; at < data.length; at++) {
    const [channel, row] = [at % 3, Math.floor(at / 3 / size)]
    const blend = Math.floor((itemAt(above, channel) * (size - 1 - row) + itemAt(below, channel) * row) / (size - 1))
    data[at] = blend + draws.below(16)
  }
  return data
}

function draw(object: Placed, number: number, data: Uint8Array, owner: Uint16Array, size: number): void {
  const { side, left, top, pixels, channels, paint } = object
  for (let y = Math.max(0, -top); y < side && top + y < size; y++) {
    for (let x = Math.max(0, -left); x < side && left + x < size; x++) {
      const from = (y * side + x) * channels
      const to = (top + y) * size + left + x
      const ink = paint === undefined ? 255 : itemAt(pixels, from)
      if (ink >= solid) owner[to] = number
      for (let channel = 0; channel < 3; channel++) {
        const own = paint === undefined ? itemAt(pixels, from + channel) : itemAt(paint.color, channel)
        const under = itemAt(data, 3 * to + channel)
        data[3 * to + channel] = Math.round((own * ink + under * (255 - ink)) / 255)
      }
    }
  }
}

/** Runs outside and inside by turns, down the columns. */
function runsOf(owner: Uint16Array, size: number, isInside: (one: number) => boolean): CocoRuns {
  const counts = [0]
  let inside = false
  for (let at = 0; at < owner.length; at++) {
    const now = isInside(itemAt(owner, (at % size) * size + Math.floor(at / size)))
    if (now !== inside) counts.push(0)
    inside = now
    counts[counts.length - 1] = itemAt(counts, counts.length - 1) + 1
  }
  return { size: [size, size], counts }
}
