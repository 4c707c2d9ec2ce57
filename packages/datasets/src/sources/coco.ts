import { decodeImage } from '#decode-image'
import type { Dataset, DetectionSample } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import { type Files, nameParts } from '../files/files.ts'
import { checkIndex } from '../image-dataset.ts'
import { type CocoAnnotation, type CocoImage, parseCoco } from './coco-json.ts'
import { cocoMask } from './coco-mask.ts'

export interface CocoOptions {
  /** The name of the JSON file, as `annotations/instances_val2017.json`. */
  readonly annotations: string
  /** The folder of the images, as `val2017`: the root by default. */
  readonly images?: string
  /** Gives each sample a `mask` too: 0 for the ground, 1 + label for objects, smaller ones over larger ones. */
  readonly masks?: boolean
}

export interface Coco extends Dataset<DetectionSample> {
  /** The categories by their ids: box label `i` is the class `classNames[i]`. */
  readonly classNames: readonly string[]
  /** The name of each image's file. */
  readonly names: readonly string[]
}

/**
 * Images with boxes, from COCO's JSON. Crowds and boxes without area are left out, as in torchvision's reference
 * training; boxes are cut to the image.
 *
 * @throws DatasetError naming the file, for JSON that is not COCO's, and later for an image that does not decode or has
 * another size than the JSON says
 * @see Lin et al. 2014, "Microsoft COCO: Common Objects in Context"
 * @example coco(diskFiles('coco'), { annotations: 'annotations/instances_val2017.json', images: 'val2017' })
 */
export async function coco(files: Files, { annotations, images = '', masks = false }: CocoOptions): Promise<Coco> {
  const path = files.path(annotations)
  const parsed = parseCoco(await files.read(annotations), path)
  const fileOf = (image: CocoImage): string => (images === '' ? image.fileName : `${images}/${image.fileName}`)
  for (const image of parsed.images) nameParts(fileOf(image))
  return {
    length: parsed.images.length,
    classNames: parsed.classNames,
    names: parsed.images.map(({ fileName }) => fileName),
    async get(index) {
      checkIndex(index, parsed.images.length)
      const described = parsed.images[index] as CocoImage
      const name = fileOf(described)
      const decoded = await decodeImage(await files.read(name), files.path(name))
      const [height, width] = decoded.shape
      if (height !== described.height || width !== described.width) {
        throw new DatasetError(
          `${files.path(name)} has ${width}×${height} pixels, but ${path} says ${described.width}×${described.height}. ` +
            'One of them belongs to other data.',
          { path: files.path(name) },
        )
      }
      return {
        ...decoded,
        boxes: Float32Array.from(described.annotations.flatMap(({ box }) => box)),
        boxLabels: Int32Array.from(described.annotations, ({ label }) => label),
        ...(masks && { mask: paint(described, path) }),
      }
    },
  }
}

function paint({ annotations, height, width, fileName }: CocoImage, path: string): Int32Array {
  const mask = new Int32Array(height * width)
  const area = ({ box: [left, top, right, bottom] }: CocoAnnotation): number => (right - left) * (bottom - top)
  for (const { segmentation, label } of [...annotations].sort((a, b) => area(b) - area(a))) {
    if (!segmentation) {
      throw new DatasetError(`${path}: an object on ${fileName} has no segmentation. Leave out \`masks\`.`, { path })
    }
    const object = cocoMask(segmentation, height, width)
    for (let at = 0; at < mask.length; at++) if (object[at]) mask[at] = label + 1
  }
  return mask
}
