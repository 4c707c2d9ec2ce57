import type { DetectionSample } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'

/**
 * Leaves out the boxes whose width or height is below `minSize` pixels, and their labels: crops leave such boxes of
 * objects that are no longer on the image.
 *
 * @see torchvision.transforms.v2.SanitizeBoundingBoxes
 */
export function sanitizeBoxes({
  minSize = 1,
}: {
  readonly minSize?: number
} = {}): <S extends DetectionSample>(sample: S) => S {
  if (!(minSize > 0)) throw new DatasetError(`sanitizeBoxes: expected minSize to be above 0, got ${minSize}`)
  return (sample) => {
    const { boxes, boxLabels } = sample
    const side = (box: number, axis: number) =>
      (boxes[4 * box + axis + 2] as number) - (boxes[4 * box + axis] as number)
    const kept = [...boxLabels.keys()].filter((box) => side(box, 0) >= minSize && side(box, 1) >= minSize)
    return {
      ...sample,
      boxes: Float32Array.from(kept.flatMap((box) => [...boxes.subarray(4 * box, 4 * box + 4)])),
      boxLabels: Int32Array.from(kept, (box) => boxLabels[box] as number),
    }
  }
}
