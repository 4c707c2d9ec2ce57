export { writeCifar10Shards } from './cifar10/write-shards.ts'
export { diskFiles } from './files/disk-files.ts'
export { cacheDirectory } from './node/cache-directory.ts'
