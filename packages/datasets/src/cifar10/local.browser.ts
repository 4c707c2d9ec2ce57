import { DatasetError } from '../dataset-error.ts'
import { servedCifar10 } from './served.ts'
import type { Cifar10, Cifar10Options } from './types.ts'

/** A browser has no folders and no cache of ours: what is local to it is what its own site serves. */
export async function localCifar10(options: Cifar10Options): Promise<Cifar10> {
  if (options.directory !== undefined || options.cacheDirectory !== undefined) {
    throw new DatasetError('cifar10: a browser cannot read folders. Name the `url` of shards that your app serves.')
  }
  return servedCifar10('cifar10/', options)
}
