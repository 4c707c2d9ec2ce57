export { writeCifar10Shards } from './cifar10/write-shards.ts'
export { diskFiles } from './files/disk-files.ts'
export { openImage } from './images/open-image.node.ts'
export { cacheDirectory } from './node/cache-directory.ts'
