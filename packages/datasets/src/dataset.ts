import type { Key } from '@ddnet/ops'
import type { BoxesField, BoxLabelsField, ImageField, MaskField } from './fields.ts'

/** What a dataset is told besides the index. */
export interface GetOptions {
  /** The randomness of this one sample, where it uses any. */
  readonly key?: Key | undefined
  /** Aborted when the sample is not wanted any more. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Samples by index. The same index and key always give the same sample, in any order and any process.
 * What `get` returns belongs to whoever asked: each call gives memory of its own.
 *
 * A sample is a record of named fields, as `{ image, label }`. Each field's value tells its kind (`Field`): transforms act on
 * the kinds that they know, and a batch has the same names.
 */
export interface Dataset<T> {
  readonly length: number
  /** The class of each sample, where it is known without reading them: splits and weights are made from it. */
  readonly labels?: ArrayLike<number>
  get(index: number, options?: GetOptions): Promise<T>
  /** The same without a promise, where the samples are in memory. `map` and `subset` keep it, `loader` prefers it. */
  getSync?(index: number, options?: GetOptions): T
}

/** An image of one class. */
export interface ClassificationSample {
  readonly image: ImageField
  readonly label: number
}

/** An image of which each pixel has a class. */
export interface SegmentationSample {
  readonly image: ImageField
  readonly mask: MaskField
}

/** An image with boxes around the objects on it. */
export interface DetectionSample {
  readonly image: ImageField
  readonly boxes: BoxesField
  readonly boxLabels: BoxLabelsField
}
