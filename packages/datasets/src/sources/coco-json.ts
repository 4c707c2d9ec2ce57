import { entryOf, errorMessage, tuple } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import { nameParts } from '../files/files.ts'
import { expectPixels, type ImageLimits } from '../images/limits.ts'
import { show } from '../show.ts'
import type { CocoSegmentation } from './coco-mask.ts'

export interface CocoAnnotation {
  /** Left, top, right and bottom, within the image. */
  readonly box: readonly [left: number, top: number, right: number, bottom: number]
  readonly label: number
  readonly segmentation: CocoSegmentation | undefined
  /** Where it stands among all, and its own id, if it has one. */
  readonly at: number
  readonly id: string | undefined
}

export interface CocoImage {
  readonly id: string
  readonly fileName: string
  readonly height: number
  readonly width: number
  readonly annotations: readonly CocoAnnotation[]
  /** Crowds of objects, of which none is told from another. */
  readonly crowds: readonly CocoAnnotation[]
}

/** Annotations that are not taken as they are, each by its place in the file, its image and their names. */
export interface CocoLeftOut {
  readonly crowds: readonly string[]
  /** Boxes without area, or that lie beside their image. */
  readonly boxes: readonly string[]
  /** Boxes that reach beyond their image by more than a pixel. They are taken, and cut. */
  readonly cut: readonly string[]
}

export interface CocoDocument {
  readonly images: readonly CocoImage[]
  readonly classNames: readonly string[]
  /** The id of each class's category. */
  readonly categoryIds: readonly string[]
  readonly leftOut: CocoLeftOut
}

type Json = Readonly<Record<string, unknown>>
type Fail = (place: string, expected: string, got: unknown) => never

/**
 * What there is in COCO's JSON. Identifiers are whole numbers of any size, or texts; those of a test set's images come without
 * annotations.
 *
 * @throws DatasetError naming the file, and the entry with its image and annotation, that is not as COCO's are
 */
export function parseCoco(file: Uint8Array, path: string, limits: ImageLimits = {}): CocoDocument {
  const fail: Fail = (place, expected, got) => {
    throw new DatasetError(
      `${path}: expected ${place} to be ${expected}, got ${show(got)}. Fix it, or download or export it again.`,
      { path },
    )
  }
  const read = readers(fail)
  const root = read.object(parseJson(file, path), 'the file')
  const { labels, classNames, categoryIds } = categoriesOf(root.categories ?? [], fail)

  const images = new Map<string, CocoImage & { annotations: CocoAnnotation[]; crowds: CocoAnnotation[] }>()
  for (const [at, entry] of read.array(root.images, 'images').entries()) {
    const image = read.object(entry, `images[${at}]`)
    const id = read.id(image.id, `images[${at}].id`)
    const place = `images[${at}] (image ${id})`
    if (images.has(id)) fail(`images[${at}].id`, 'one of its own', image.id)
    const fileName = read.text(image.file_name, `${place}.file_name`)
    try {
      nameParts(fileName)
    } catch (error) {
      throw new DatasetError(`${path}: ${place}.file_name: ${errorMessage(error)}`, { cause: error, path })
    }
    const [height, width] = [read.whole(image.height, `${place}.height`), read.whole(image.width, `${place}.width`)]
    expectPixels(width, height, `${path}: ${place}`, limits)
    images.set(id, { id, fileName, height, width, annotations: [], crowds: [] })
  }

  const leftOut: { readonly [Name in keyof CocoLeftOut]: string[] } = { crowds: [], boxes: [], cut: [] }
  const seen = new Set<string>()
  for (const [at, entry] of read.array(root.annotations ?? [], 'annotations').entries()) {
    const annotation = read.object(entry, `annotations[${at}]`)
    const id = annotation.id === undefined ? undefined : read.id(annotation.id, `annotations[${at}].id`)
    if (id !== undefined && seen.has(id)) fail(`annotations[${at}].id`, 'one of its own', annotation.id)
    if (id !== undefined) seen.add(id)
    const imageId = read.id(annotation.image_id, `${placeOf({ at, id })}.image_id`)
    const image = images.get(imageId)
    const place = placeOf({ at, id }, image)
    if (!image) return fail(`${place}.image_id`, 'the id of an image', annotation.image_id)
    const label = labels.get(read.id(annotation.category_id, `${place}.category_id`))
    if (label === undefined) return fail(`${place}.category_id`, 'the id of a category', annotation.category_id)
    const isCrowd = crowdOf(annotation.iscrowd, `${place}.iscrowd`, fail)
    const bounds = read.numbers(annotation.bbox, `${place}.bbox`)
    if (bounds.length !== 4) fail(`${place}.bbox`, '[x, y, width, height]', annotation.bbox)
    const [x, y, boxWidth, boxHeight] = tuple(bounds, 4)
    if (boxWidth < 0 || boxHeight < 0) {
      fail(
        `${place}.bbox`,
        '[x, y, width, height] of sizes from 0 (or was it [left, top, right, bottom]?)',
        annotation.bbox,
      )
    }
    const segmentation = segmentationOf(annotation.segmentation, `${place}.segmentation`, fail)
    const cut = (value: number, most: number): number => Math.min(Math.max(value, 0), most)
    const box = [
      cut(x, image.width),
      cut(y, image.height),
      cut(x + boxWidth, image.width),
      cut(y + boxHeight, image.height),
    ] as const
    if (isCrowd) {
      leftOut.crowds.push(place)
      image.crowds.push({ box, label, segmentation, at, id })
    } else if (box[2] <= box[0] || box[3] <= box[1]) leftOut.boxes.push(place)
    else {
      const beyond = Math.max(-x, -y, x + boxWidth - image.width, y + boxHeight - image.height)
      if (beyond > 1) leftOut.cut.push(place)
      image.annotations.push({ box, label, segmentation, at, id })
    }
  }
  return { images: [...images.values()], classNames, categoryIds, leftOut }
}

/** How errors name an annotation: `annotations[3] (annotation 7, image 1, a.png)`. */
export function placeOf(
  { at, id }: Pick<CocoAnnotation, 'at' | 'id'>,
  image?: Pick<CocoImage, 'id' | 'fileName'>,
): string {
  const names = [
    ...(id === undefined ? [] : [`annotation ${id}`]),
    ...(image ? [`image ${image.id}`, image.fileName] : []),
  ]
  return `annotations[${at}]${names.length > 0 ? ` (${names.join(', ')})` : ''}`
}

function readers(fail: Fail) {
  const array = (value: unknown, place: string): readonly unknown[] =>
    Array.isArray(value) ? value : fail(place, 'an array', value)
  return {
    array,
    object: (value: unknown, place: string): Json =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? (value as Json)
        : fail(place, 'an object', value),
    text: (value: unknown, place: string): string => (typeof value === 'string' ? value : fail(place, 'a text', value)),
    whole: (value: unknown, place: string): number =>
      Number.isSafeInteger(value) ? (value as number) : fail(place, 'a whole number', value),
    /** `7` and `'7'` are the same one. */
    id: (value: unknown, place: string): string =>
      Number.isSafeInteger(value) || (typeof value === 'string' && value !== '')
        ? String(value)
        : fail(place, 'a whole number or a text', value),
    numbers(value: unknown, place: string): readonly number[] {
      const all = array(value, place)
      return all.every(Number.isFinite) ? (all as number[]) : fail(place, 'an array of numbers', value)
    },
  }
}

/** Labels count the categories in the order of their ids, whatever gaps these have. */
function categoriesOf(
  entries: unknown,
  fail: Fail,
): { labels: Map<string, number>; classNames: string[]; categoryIds: string[] } {
  const read = readers(fail)
  const names = new Map<string, string>()
  for (const [at, entry] of read.array(entries, 'categories').entries()) {
    const category = read.object(entry, `categories[${at}]`)
    const id = read.id(category.id, `categories[${at}].id`)
    if (names.has(id)) fail(`categories[${at}].id`, 'one of its own', category.id)
    names.set(id, read.text(category.name, `categories[${at}] (category ${id}).name`))
  }
  const ids = [...names.keys()].sort(byId)
  return {
    labels: new Map(ids.map((id, label) => [id, label])),
    classNames: ids.map((id) => entryOf(names, id)),
    categoryIds: ids,
  }
}

/** Numbers by their size, also beyond 2^53, and before texts. */
function byId(a: string, b: string): number {
  const isNumber = [a, b].map((id) => /^-?\d+$/.test(id))
  if (isNumber[0] && isNumber[1]) return Number(BigInt(a) - BigInt(b))
  if (isNumber[0] !== isNumber[1]) return isNumber[0] ? -1 : 1
  return a < b ? -1 : 1
}

/** Some tools write yes and no in other ways than 1 and 0. */
function crowdOf(value: unknown, place: string, fail: Fail): boolean {
  // An object's words are whatever it says, if it says any.
  const text = typeof value === 'object' && value !== null ? '' : String(value ?? 0)
  if (['1', 'true'].includes(text)) return true
  return ['0', 'false'].includes(text) ? false : fail(place, '0 or 1', value)
}

function segmentationOf(value: unknown, place: string, fail: Fail): CocoSegmentation | undefined {
  const read = readers(fail)
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value)) {
    // Detections without outlines have an empty list.
    return value.length === 0 ? undefined : value.map((polygon, at) => read.numbers(polygon, `${place}[${at}]`))
  }
  const runs = read.object(value, place)
  const [height, width, ...rest] = read.numbers(runs.size, `${place}.size`)
  if (height === undefined || width === undefined || rest.length > 0)
    return fail(`${place}.size`, '[height, width]', runs.size)
  const counts = typeof runs.counts === 'string' ? runs.counts : read.numbers(runs.counts, `${place}.counts`)
  return { size: [height, width], counts }
}

/** An identifier that JSON's numbers would round, behind its name. Names and texts have their quotes escaped. */
const LARGE_ID = /("(?:id|image_id|category_id)"\s*:\s*)(-?\d{16,})(?=\s*[,}])/g

function parseJson(file: Uint8Array, path: string): unknown {
  let text = ''
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(file)
    return JSON.parse(text.replace(LARGE_ID, '$1"$2"'))
  } catch (error) {
    const number = /[:[,]\s*(-?Infinity|NaN)\b/.exec(text)?.[1]
    const reason = number ? `it holds ${number}, which Python writes and JSON does not have` : errorMessage(error)
    throw new DatasetError(`${path} is not JSON: ${reason}. Fix it, or download or export it again.`, {
      cause: error,
      path,
    })
  }
}
