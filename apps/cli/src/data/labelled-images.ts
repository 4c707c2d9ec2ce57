import type { ClassificationSample, Dataset } from '@ddnet/datasets'
import type { LoadedData } from '@ddnet/experiment'
import { formatCount } from '../terminal/format.ts'

/** What a run trains on and is measured on, and the names of its classes, where it has any. */
export interface LabelledImages extends LoadedData {
  readonly classNames: readonly string[]
}

/** Images that nothing was trained on, and what they are for. */
export interface HeldOut {
  readonly split: Split
  readonly images: Dataset<ClassificationSample>
}

export type Split = 'test' | 'validation'

/** What a finished run is measured on: the test images, else those that it chose by. */
export function heldOut({ validation, test }: Pick<LabelledImages, Split>): HeldOut {
  if (test !== undefined) return { split: 'test', images: test }
  return { split: 'validation', images: validation as Dataset<ClassificationSample> } // a run that would have neither is refused
}

/** `45,000 training images, 5,000 validation images, 10,000 test images`. */
export const countedImages = ({ train, validation, test }: Pick<LabelledImages, 'train' | Split>): string =>
  [
    `${formatCount(train.length)} training images`,
    ...(validation === undefined ? [] : [`${formatCount(validation.length)} validation images`]),
    ...(test === undefined ? [] : [`${formatCount(test.length)} test images`]),
  ].join(', ')
