import type { Key } from '@ddnet/ops'

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
 */
export interface Dataset<T> {
  readonly length: number
  /** The class of each sample, where it is known without reading them: splits and weights are made from it. */
  readonly labels?: ArrayLike<number>
  get(index: number, options?: GetOptions): Promise<T>
  /** The same without a promise, where the samples are in memory. `map` and `subset` keep it, `loader` prefers it. */
  getSync?(index: number, options?: GetOptions): T
}

export type ImageShape = readonly [height: number, width: number, channels: number]

/**
 * An image `[height, width, channels]`, as bytes 0 … 255 or as floats on the scale where white is 1, and what belongs to
 * its pixels. Transforms that move pixels move the mask and the boxes with them.
 */
export interface Picture {
  readonly image: Uint8Array | Float32Array
  readonly shape: ImageShape
  /** `[height, width]`, the class of each pixel */
  readonly mask?: Uint8Array | Int32Array
  /** `[count, 4]`: left, top, right and bottom of each box, in pixels from the top left corner of the image */
  readonly boxes?: Float32Array
}

/** One labelled image. */
export interface Sample extends Picture {
  readonly label: number
}

/** An image of which each pixel has a class. */
export interface SegmentationSample extends Picture {
  readonly mask: Uint8Array | Int32Array
}

/** An image with boxes around the objects on it. */
export interface DetectionSample extends Picture {
  readonly boxes: Float32Array
  /** `[count]`, the class of each box */
  readonly boxLabels: Int32Array
}

/** An image that belongs to several classes, each with a probability. */
export interface SoftSample extends Picture {
  /** `[classes]` */
  readonly probabilities: Float32Array
}
