import type { ClassificationSample, Dataset } from '../dataset.ts'
import type { TransferLimits } from '../files/transfer-limits.ts'

export interface Cifar10 {
  /** 50,000 images `[32, 32, 3]` of bytes */
  readonly train: Dataset<ClassificationSample>
  /** 10,000, from a `url` read when the first one is asked for */
  readonly test: Dataset<ClassificationSample>
  readonly classNames: readonly string[]
}

/** How far a download is. `totalBytes` is missing where nobody knows it beforehand. */
export interface DownloadProgress {
  readonly source: string
  readonly receivedBytes: number
  readonly totalBytes?: number
}

export interface Cifar10Options extends TransferLimits {
  /** Node: a folder with the official binary batches or PNGs, read as it is. */
  readonly directory?: string | undefined
  /** Node: where decoded images are kept; by default `$DDNET_CACHE`, else the user's cache folder. */
  readonly cacheDirectory?: string | undefined
  /** Where shards written by `writeCifar10Shards` are served; in the browser `cifar10/` beside the page by default. */
  readonly url?: string | URL | undefined
  /** Shards: take only the first of them. */
  readonly trainShards?: number | undefined
  readonly testShards?: number | undefined
  /** Told which source is used and why. */
  readonly log?: ((message: string) => void) | undefined
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined
  /** What fetches, in place of the global `fetch`. */
  readonly fetch?: typeof fetch | undefined
}
