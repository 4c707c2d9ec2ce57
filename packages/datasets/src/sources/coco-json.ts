import { DatasetError } from '../dataset-error.ts'
import { expectPixels } from '../images/limits.ts'
import type { CocoSegmentation } from './coco-mask.ts'

export interface CocoAnnotation {
  /** Left, top, right and bottom, within the image. */
  readonly box: readonly [left: number, top: number, right: number, bottom: number]
  readonly label: number
  readonly segmentation: CocoSegmentation | undefined
}

export interface CocoImage {
  readonly fileName: string
  readonly height: number
  readonly width: number
  readonly annotations: readonly CocoAnnotation[]
}

type Json = Readonly<Record<string, unknown>>

/** @throws DatasetError naming the file and the entry that is not as COCO's are */
export function parseCoco(file: Uint8Array, path: string): { images: CocoImage[]; classNames: string[] } {
  const fail = (place: string, expected: string, got: unknown): never => {
    throw new DatasetError(
      `${path}: expected ${place} to be ${expected}, got ${shorten(got)}. Download or export it again.`,
      {
        path,
      },
    )
  }
  const object = (value: unknown, place: string): Json =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Json)
      : fail(place, 'an object', value)
  const array = (value: unknown, place: string): readonly unknown[] =>
    Array.isArray(value) ? value : fail(place, 'an array', value)
  const text = (value: unknown, place: string): string =>
    typeof value === 'string' ? value : fail(place, 'a text', value)
  const whole = (value: unknown, place: string): number =>
    Number.isSafeInteger(value) ? (value as number) : fail(place, 'a whole number', value)
  const numbers = (value: unknown, place: string): readonly number[] => {
    const all = array(value, place)
    return all.every(Number.isFinite) ? (all as number[]) : fail(place, 'an array of numbers', value)
  }

  const root = object(parseJson(file, path), 'the file')
  const categories = new Map<number, string>()
  for (const [at, entry] of array(root.categories, 'categories').entries()) {
    const category = object(entry, `categories[${at}]`)
    const id = whole(category.id, `categories[${at}].id`)
    if (categories.has(id)) fail(`categories[${at}].id`, 'one of its own', id)
    categories.set(id, text(category.name, `categories[${at}].name`))
  }
  const ids = [...categories.keys()].sort((a, b) => a - b)
  const labels = new Map(ids.map((id, label) => [id, label]))

  const images = new Map<number, CocoImage & { annotations: CocoAnnotation[] }>()
  for (const [at, entry] of array(root.images, 'images').entries()) {
    const place = `images[${at}]`
    const image = object(entry, place)
    const id = whole(image.id, `${place}.id`)
    if (images.has(id)) fail(`${place}.id`, 'one of its own', id)
    const [height, width] = [whole(image.height, `${place}.height`), whole(image.width, `${place}.width`)]
    expectPixels(width, height, `${path}: ${place}`)
    images.set(id, { fileName: text(image.file_name, `${place}.file_name`), height, width, annotations: [] })
  }

  for (const [at, entry] of array(root.annotations, 'annotations').entries()) {
    const place = `annotations[${at}]`
    const annotation = object(entry, place)
    const image = images.get(whole(annotation.image_id, `${place}.image_id`))
    if (!image) return fail(`${place}.image_id`, 'the id of an image', annotation.image_id)
    const label = labels.get(whole(annotation.category_id, `${place}.category_id`))
    if (label === undefined) return fail(`${place}.category_id`, 'the id of a category', annotation.category_id)
    const bounds = numbers(annotation.bbox, `${place}.bbox`)
    if (bounds.length !== 4) fail(`${place}.bbox`, '[x, y, width, height]', annotation.bbox)
    if (annotation.iscrowd === 1) continue
    const [x, y, boxWidth, boxHeight] = bounds as [number, number, number, number]
    const cut = (value: number, most: number): number => Math.min(Math.max(value, 0), most)
    const box = [
      cut(x, image.width),
      cut(y, image.height),
      cut(x + boxWidth, image.width),
      cut(y + boxHeight, image.height),
    ] as const
    if (box[2] <= box[0] || box[3] <= box[1]) continue
    image.annotations.push({
      box,
      label,
      segmentation: segmentationOf(annotation.segmentation, `${place}.segmentation`),
    })
  }
  return { images: [...images.values()], classNames: ids.map((id) => categories.get(id) as string) }

  function segmentationOf(value: unknown, place: string): CocoSegmentation | undefined {
    if (value === undefined || value === null) return undefined
    if (Array.isArray(value)) return value.map((polygon, at) => numbers(polygon, `${place}[${at}]`))
    const runs = object(value, place)
    const [height, width, ...rest] = numbers(runs.size, `${place}.size`)
    if (height === undefined || width === undefined || rest.length > 0)
      return fail(`${place}.size`, '[height, width]', runs.size)
    const counts = typeof runs.counts === 'string' ? runs.counts : numbers(runs.counts, `${place}.counts`)
    return { size: [height, width], counts }
  }
}

function parseJson(file: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file))
  } catch (error) {
    throw new DatasetError(`${path} is no JSON: ${(error as Error).message}. Download or export it again.`, {
      cause: error,
      path,
    })
  }
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
