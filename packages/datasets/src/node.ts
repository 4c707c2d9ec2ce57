export { writeCifar10Shards } from './cifar10/write-shards.ts'
export { cacheDirectory } from './node/cache-directory.ts'
