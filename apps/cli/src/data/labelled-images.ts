import type { LoadedData, Split } from '@ddnet/experiment'
import { formatCount } from '../terminal/format.ts'

/** What a run trains on and is measured on, and the names of its classes, where it has any. */
export interface LabelledImages extends LoadedData {
  readonly classNames: readonly string[]
}

/** `45,000 training images, 5,000 validation images, 10,000 test images`. */
export const countedImages = ({ train, validation, test }: Pick<LabelledImages, 'train' | Split>): string =>
  [
    `${formatCount(train.length)} training images`,
    ...(validation === undefined ? [] : [`${formatCount(validation.length)} validation images`]),
    ...(test === undefined ? [] : [`${formatCount(test.length)} test images`]),
  ].join(', ')
