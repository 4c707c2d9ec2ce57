import { DatasetError } from '../dataset-error.ts'
import {
  type BoxesField,
  type BoxLabelsField,
  type ImageField,
  isBoxes,
  isBoxLabels,
  isImage,
  isMask,
  type MaskField,
} from '../fields.ts'

/** What a transform makes of the fields of each kind; those that it does not name stay. */
export interface Changes {
  image?(image: ImageField): ImageField
  mask?(mask: MaskField): MaskField
  boxes?(boxes: BoxesField): BoxesField
  boxLabels?(labels: BoxLabelsField): BoxLabelsField
}

/** A sample with some of its fields changed, by their kinds, and whatever their names. */
export function changeFields<S extends object>(sample: S, { image, mask, boxes, boxLabels }: Changes): S {
  const changed: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(sample)) {
    if (image && isImage(value)) changed[name] = image(value)
    else if (mask && isMask(value)) changed[name] = mask(value)
    else if (boxes && isBoxes(value)) changed[name] = boxes(value)
    else if (boxLabels && isBoxLabels(value)) changed[name] = boxLabels(value)
  }
  return { ...sample, ...changed }
}

/**
 * A sample with its images changed.
 *
 * @throws DatasetError where it has none: what is called so without the kind is an array
 */
export function changeImages<S extends object>(
  transform: string,
  sample: S,
  image: (image: ImageField) => ImageField,
): S {
  if (!Object.values(sample).some(isImage)) throw new DatasetError(noneIn(transform, sample, 'an image'))
  return changeFields(sample, { image })
}

const noneIn = (transform: string, sample: object, what: string): string =>
  `${transform}: expected a sample with ${what}, got the fields ${Object.keys(sample).join(', ') || 'of none'}. ` +
  'Make an image with imageField(data, shape).'

/**
 * The height and width of a sample's images and masks, which move together.
 *
 * @throws DatasetError where it has none, or they differ
 */
export function sizeOfSample(transform: string, sample: object): readonly [height: number, width: number] {
  const shown = Object.entries(sample).filter(([, value]) => isImage(value) || isMask(value))
  const [first] = shown as [string, ImageField | MaskField][]
  if (first === undefined) throw new DatasetError(noneIn(transform, sample, 'an image or a mask'))
  const [name, { shape }] = first
  for (const [other, { shape: otherShape }] of shown as [string, ImageField | MaskField][]) {
    if (otherShape[0] === shape[0] && otherShape[1] === shape[1]) continue
    throw new DatasetError(
      `${transform}: expected images and masks of one size, got ${name} of ${shape[0]}×${shape[1]} and ${other} of ${otherShape[0]}×${otherShape[1]} pixels. ` +
        'Bring them to one first, with resize([height, width]).',
    )
  }
  return [shape[0], shape[1]]
}
