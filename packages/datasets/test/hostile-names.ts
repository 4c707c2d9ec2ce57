import { readFileSync } from 'node:fs'
import { sep } from 'node:path'
import { random } from '@ddnet/ops'
import { fixtureUrl, itemAt } from '@ddnet/testing'
import { expect } from 'vitest'
import { parseShardManifest, SHARD_FORMAT } from '../src/cifar10/shard-manifest.ts'
import { DatasetError } from '../src/dataset-error.ts'
import { diskFiles } from '../src/files/disk-files.ts'
import { subfolder } from '../src/files/files.ts'
import { servedFiles } from '../src/files/served-files.ts'
import { coco } from '../src/sources/coco.ts'

/** What names that lead elsewhere are made of. */
const parts = [
  '..',
  '.',
  '',
  'a',
  '...',
  '~',
  'C:',
  'a.jpg',
  '%2e%2e',
  '%2F',
  '..\\..',
  '\\\\host',
  'http:',
  '\0',
  '..\0',
  '\u2024.',
  'ä',
]

const folder = `${sep}data${sep}photos`
const base = 'http://host/data/photos/'
const instances = JSON.parse(readFileSync(fixtureUrl('datasets/coco/instances.json'), 'utf8'))

/** Every way in which an index can name a file: where it leads on a disk or a server, or an error. */
const readers: Readonly<Record<string, (name: string) => unknown>> = {
  disk: (name) =>
    expect(
      diskFiles(folder)
        .path(name)
        .startsWith(folder + sep),
    ).toBe(true),
  'folder of a disk': (name) =>
    expect(subfolder(diskFiles(folder), 'train').path(name).startsWith(`${folder}${sep}train${sep}`)).toBe(true),
  // As a browser or `fetch` understands the address.
  server: (name) => expect(new URL(servedFiles(base).path(name)).href.startsWith(base)).toBe(true),
  'index of COCO': async (name) => {
    const [image, ...others] = instances.images
    const index = { ...instances, images: [{ ...image, file_name: name }, ...others] }
    const content = new TextEncoder().encode(JSON.stringify(index))
    const { names } = await coco({ ...diskFiles(folder), read: async () => content }, { annotations: 'a.json' })
    expect(
      diskFiles(folder)
        .path(itemAt(names, 0))
        .startsWith(folder + sep),
    ).toBe(true)
  },
  'index of shards': (name) => {
    const half = { count: 1, shards: [{ file: name, count: 1, bytes: 3073, sha256: '0'.repeat(64) }] }
    const index = { format: SHARD_FORMAT, shape: [32, 32, 3], classNames: ['a'], train: half, test: half }
    const { train } = parseShardManifest(JSON.stringify(index), 'manifest.json')
    expect(
      diskFiles(folder)
        .path(train.shards[0]?.file as string)
        .startsWith(folder + sep),
    ).toBe(true)
  },
}

/** Names of one to five parts, each given to every reader: it is refused with a DatasetError, or leads below the folder. */
export async function readHostileNames(count: number, seed: number): Promise<{ refused: number; below: number }> {
  let [refused, below] = [0, 0]
  for (let at = 0; at < count; at++) {
    const key = random.key(seed).fold(at)
    const length = 1 + random.integer(key.fold('length'), 5)
    const name = Array.from({ length }, (_, part) => parts[random.integer(key.fold(part), parts.length)]).join('/')
    for (const [reader, read] of Object.entries(readers)) {
      try {
        await read(name)
        below++
      } catch (error) {
        expect(error, `${JSON.stringify(name)}, ${reader}, DDNET_SEED=${seed}`).toBeInstanceOf(DatasetError)
        refused++
      }
    }
  }
  return { refused, below }
}
