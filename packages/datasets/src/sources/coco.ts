import { errorMessage, itemAt } from '@ddnet/ops/checks'
import { decodeImage } from '#decode-image'
import type { Dataset, DetectionSample, SegmentationSample } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import { boxesField, boxLabelsField, maskField } from '../fields.ts'
import { type Files, nameParts } from '../files/files.ts'
import { checkIndex } from '../image-dataset.ts'
import { checkLimits, type ImageLimits } from '../images/limits.ts'
import { type Frame, frameOf, orientationOf, storedSize, turnedBox, turnedPixels } from '../images/orientation.ts'
import { type CocoAnnotation, type CocoImage, type CocoLeftOut, parseCoco, placeOf } from './coco-json.ts'
import { cocoMask } from './coco-mask.ts'

/** `maxPixels` and `maxSeconds` are what one image may take. */
export interface CocoOptions extends ImageLimits {
  /** The name of the JSON file, as `annotations/instances_val2017.json`. */
  readonly annotations: string
  /** The folder of the images, as `val2017`: the root by default. */
  readonly images?: string
  /**
   * Gives each sample a `mask` too: 0 for the ground, 1 + label for objects, smaller ones over larger ones, and −100, which counts for nothing,
   * where there are crowds of objects and no single one.
   */
  readonly masks?: boolean
  /**
   * What boxes and outlines refer to of photos that EXIF turns, where the size in the JSON does not tell: `stored` by default,
   * the photo as it lies in its file, which Pillow, pycocotools and torchvision read; `upright`, as people see it.
   */
  readonly frame?: Frame
}

export interface Coco<S extends DetectionSample = DetectionSample> extends Dataset<S> {
  /** The categories by their ids: box label `i` is the class `classNames[i]`. */
  readonly classNames: readonly string[]
  /** The name of each image's file. */
  readonly names: readonly string[]
  /** The ids of the categories, as texts, in the order of `classNames`. */
  readonly categoryIds: readonly string[]
  /** The id of each image, as a text. */
  readonly imageIds: readonly string[]
  /** The file of each image, below the root. */
  readonly files: readonly string[]
  /** Annotations that are not taken, crowds and boxes without area on their image, and boxes that are cut to it. */
  readonly leftOut: CocoLeftOut
}

/**
 * Images with boxes, from COCO's JSON. Crowds and boxes without area are left out, as in torchvision's reference
 * training; boxes are cut to the image. Images are turned as their EXIF data says, and boxes and masks with them: where the
 * JSON has the size of the photo in its file they are turned, where it has that of the turned photo they fit as they are.
 *
 * @throws DatasetError naming the file, for JSON that is not COCO's, and later for an image that does not decode or has
 * another size than the JSON says
 * @see Lin et al. 2014, "Microsoft COCO: Common Objects in Context"
 * @example coco(diskFiles('coco'), { annotations: 'annotations/instances_val2017.json', images: 'val2017' })
 */
export function coco(
  files: Files,
  options: CocoOptions & { readonly masks: true },
): Promise<Coco<DetectionSample & SegmentationSample>>
export function coco(files: Files, options: CocoOptions): Promise<Coco>
export async function coco(
  files: Files,
  { annotations, images = '', masks = false, frame = 'stored', ...limits }: CocoOptions,
): Promise<Coco> {
  checkLimits(limits)
  const path = files.path(annotations)
  const parsed = parseCoco(await files.read(annotations), path, limits)
  const fileOf = (image: CocoImage): string => [images, ...nameParts(image.fileName)].filter(Boolean).join('/')
  return {
    length: parsed.images.length,
    classNames: parsed.classNames,
    names: parsed.images.map(({ fileName }) => fileName),
    files: parsed.images.map(fileOf),
    categoryIds: parsed.categoryIds,
    imageIds: parsed.images.map(({ id }) => id),
    leftOut: parsed.leftOut,
    async get(index) {
      checkIndex(index, parsed.images.length)
      const described = itemAt(parsed.images, index)
      const size = [described.height, described.width] as const
      const name = fileOf(described)
      const file = await files.read(name)
      const orientation = orientationOf(file)
      const image = await decodeImage(file, files.path(name), limits)
      const [height, width] = image.shape
      const own = frameOf(size, image.shape, orientation, frame)
      if (own === undefined) {
        const [storedHeight, storedWidth] = storedSize(image.shape, orientation)
        const turned = orientation === 1 ? '' : ` (turned by its EXIF data from ${storedWidth}×${storedHeight})`
        throw new DatasetError(
          `${files.path(name)} has ${width}×${height} pixels${turned}, but ${path} says ${described.width}×${described.height}. ` +
            'One of them belongs to other data.',
          { path: files.path(name) },
        )
      }
      const turn = own === 'upright' ? 1 : orientation
      return {
        image,
        boxes: boxesField(Float32Array.from(described.annotations.flatMap(({ box }) => turnedBox(box, size, turn)))),
        boxLabels: boxLabelsField(Int32Array.from(described.annotations, ({ label }) => label)),
        ...(masks && { mask: maskField(turnedPixels(paint(described, path), size, turn), [height, width]) }),
      }
    },
  }
}

/** What `crossEntropy` leaves out. */
const IGNORED = -100

function paint(image: CocoImage, path: string): Int32Array {
  const { annotations, crowds, height, width } = image
  const mask = new Int32Array(height * width)
  const area = ({ box: [left, top, right, bottom] }: CocoAnnotation): number => (right - left) * (bottom - top)
  const draw = (annotation: CocoAnnotation, value: number): void => {
    const place = `${path}: ${placeOf(annotation, image)}`
    if (!annotation.segmentation) {
      throw new DatasetError(
        `${place} has no segmentation, which masks are painted from. Add it, or take the annotation out.`,
        { path },
      )
    }
    const object = objectOf(annotation.segmentation, { height, width }, `${place}.segmentation`, path)
    for (let at = 0; at < mask.length; at++) if (object[at]) mask[at] = value
  }
  for (const crowd of crowds) draw(crowd, IGNORED)
  for (const annotation of [...annotations].sort((a, b) => area(b) - area(a))) {
    draw(annotation, annotation.label + 1)
  }
  return mask
}

function objectOf(
  segmentation: NonNullable<CocoAnnotation['segmentation']>,
  { height, width }: Pick<CocoImage, 'height' | 'width'>,
  place: string,
  path: string,
): Uint8Array {
  try {
    return cocoMask(segmentation, height, width)
  } catch (error) {
    throw new DatasetError(`${place}: ${errorMessage(error)}. Fix it, or export it again.`, {
      cause: error,
      path,
    })
  }
}
