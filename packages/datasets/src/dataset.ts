import type { Key } from '@ddnet/ops'

/** What a dataset is told besides the index: `key` is the randomness of this one sample, where it uses any. */
export interface GetOptions {
  readonly key?: Key | undefined
}

/**
 * Samples by index. The same index and key always give the same sample, in any order and any process.
 * What `get` returns belongs to the dataset: read it, do not write to it.
 */
export interface Dataset<T> {
  readonly length: number
  get(index: number, options?: GetOptions): Promise<T>
  /** The same without a promise, where the samples are in memory. `map` and `subset` keep it, `loader` prefers it. */
  getSync?(index: number, options?: GetOptions): T
}

export type ImageShape = readonly [height: number, width: number, channels: number]

/** One labelled image: `[height, width, channels]`, as bytes 0 … 255 or as floats on the scale where white is 1. */
export interface Sample {
  readonly image: Uint8Array | Float32Array
  readonly shape: ImageShape
  readonly label: number
}
