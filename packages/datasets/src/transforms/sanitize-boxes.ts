import { DatasetError } from '../dataset-error.ts'
import { isBoxes } from '../fields.ts'
import { changeFields } from './change-fields.ts'

/**
 * Leaves out the boxes whose width or height is below `minSize` pixels, and their labels: crops leave such boxes of
 * objects that are no longer on the image.
 *
 * @see torchvision.transforms.v2.SanitizeBoundingBoxes
 */
export function sanitizeBoxes({ minSize = 1 }: { readonly minSize?: number } = {}): <S extends object>(sample: S) => S {
  if (!(minSize > 0)) throw new DatasetError(`sanitizeBoxes: expected minSize to be above 0, got ${minSize}`)
  return (sample) => {
    const data = Object.values(sample).find(isBoxes)?.data
    if (data === undefined) {
      throw new DatasetError(
        `sanitizeBoxes: expected a sample with boxes, got the fields ${Object.keys(sample).join(', ')}. Make them with boxesField(data).`,
      )
    }
    const side = (box: number, axis: number) => (data[4 * box + axis + 2] as number) - (data[4 * box + axis] as number)
    const kept = Array.from({ length: data.length / 4 }, (_, box) => box).filter(
      (box) => side(box, 0) >= minSize && side(box, 1) >= minSize,
    )
    return changeFields(sample, {
      boxes: (boxes) => ({
        ...boxes,
        data: Float32Array.from(kept.flatMap((box) => [...data.subarray(4 * box, 4 * box + 4)])),
      }),
      boxLabels: (labels) => ({ ...labels, data: Int32Array.from(kept, (box) => labels.data[box] as number) }),
    })
  }
}
