import { createHash } from 'node:crypto'
import { tuple } from '@ddnet/testing'
import { localCifar10 } from '../src/cifar10/local.node.ts'
import { officialArchive } from '../src/cifar10/sources.ts'
import { synthetic } from './synthetic-cifar10.ts'

// A process of its own: fills a cache from an archive and prints a checksum of what it got.
const [cacheDirectory, archive] = tuple(process.argv.slice(2), 2)
const sources = [officialArchive(JSON.parse(archive))]
const { train } = await localCifar10({ cacheDirectory }, { facts: synthetic().facts, sources })
const hash = createHash('sha256')
for (let index = 0; index < train.length; index++) {
  const { image, label } = await train.get(index)
  hash.update(image.data).update(Uint8Array.of(label))
}
process.stdout.write(hash.digest('hex'))
