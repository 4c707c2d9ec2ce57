import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { itemAt } from '@ddnet/testing'
import { beforeEach, describe, expect, test } from 'vitest'
import { serveArchive } from '../../test/synthetic-archive.ts'
import { type Picture, synthetic } from '../../test/synthetic-cifar10.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import type { ClassificationSample, Dataset } from '../dataset.ts'
import { localCifar10 } from './local.node.ts'
import { officialArchive, type Source } from './sources.ts'
import type { DownloadProgress } from './types.ts'

const data = synthetic()
const { facts } = data

const unavailable: Source = { name: 'a closed shop', load: () => Promise.reject(new Error('closed')) }
const forbidden: Source = { name: 'a forbidden source', load: () => expect.fail('must not be asked') }

async function expectPictures(dataset: Dataset<ClassificationSample>, pictures: readonly Picture[]): Promise<void> {
  expect(dataset.length).toBe(pictures.length)
  for (const [index, { label, pixels }] of pictures.entries()) {
    const sample = await dataset.get(index)
    expect(sample.label).toBe(label)
    expect(sample.image.shape).toEqual([32, 32, 3])
    expect(Buffer.from(pixels).equals(sample.image.data as Uint8Array), `image ${index}`).toBe(true)
  }
}

describe('an empty cache', () => {
  test('is filled from the official archive, and read from then on', async () => {
    const cacheDirectory = await temporaryFolder()
    const { archive, server } = await serveArchive(data, ['cut'])
    const origin = { facts, sources: [officialArchive(archive), forbidden] }
    const progress: DownloadProgress[] = []
    const log: string[] = []
    const options = { cacheDirectory, log: (line: string) => log.push(line) }
    const first = await localCifar10({ ...options, onProgress: (event) => progress.push(event) }, origin)
    await expectPictures(first.train, data.train)
    await expectPictures(first.test, data.test)
    expect(first.classNames[6]).toBe('frog')
    expect(progress.at(-1)).toEqual({
      source: `the official archive ${archive.url}`,
      receivedBytes: archive.bytes,
      totalBytes: archive.bytes,
    })
    expect(await readdir(cacheDirectory)).toEqual(['cifar10'])
    expect(server.requests.length).toBe(2) // the cut one, and the rest

    const second = await localCifar10(options, { facts, sources: [forbidden] })
    await expectPictures(second.test, data.test)
    expect(log).toEqual([
      `cifar10: taking the official archive ${archive.url}, because nothing is cached`,
      `cifar10: decoded into ${join(cacheDirectory, 'cifar10')}`,
      `cifar10: reading the cache ${join(cacheDirectory, 'cifar10')}`,
    ])
  })

  test('is filled from the next source where one fails, and the log says why', async () => {
    const cacheDirectory = await temporaryFolder()
    const { archive } = await serveArchive(data)
    const log: string[] = []
    const origin = { facts, sources: [unavailable, officialArchive(archive)] }
    const { test } = await localCifar10({ cacheDirectory, log: (line) => log.push(line) }, origin)
    await expectPictures(test, data.test)
    expect(log).toContain(`cifar10: taking the official archive ${archive.url}, because a closed shop failed (closed)`)
  })

  test('stays empty when every source fails, and the error names each with the remedy', async () => {
    const cacheDirectory = await temporaryFolder()
    await expect(localCifar10({ cacheDirectory }, { facts, sources: [unavailable, unavailable] })).rejects.toThrow(
      'cifar10: no source could be used: a closed shop failed (closed); a closed shop failed (closed). Connect to a network',
    )
    expect(await readdir(cacheDirectory)).not.toContain('cifar10')
  })

  test('never takes data that decodes to something else', async () => {
    const cacheDirectory = await temporaryFolder()
    const wrong: Source = {
      name: 'a wrong source',
      load: async () => ({
        train: { images: new Uint8Array(20 * 3072), labels: Uint8Array.from(data.train, ({ label }) => label) },
        test: { images: new Uint8Array(10 * 3072), labels: Uint8Array.from(data.test, ({ label }) => label) },
      }),
    }
    await expect(localCifar10({ cacheDirectory }, { facts, sources: [wrong] })).rejects.toThrow(
      'a wrong source (train) is not CIFAR-10: expected channel means',
    )
    expect(await readdir(cacheDirectory)).not.toContain('cifar10')
  })

  test('on a full disk the error names the folder, no other source is tried, and nothing half is left', async () => {
    const cacheDirectory = await temporaryFolder()
    const full: Source = {
      name: 'a source',
      load: () =>
        Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })),
    }
    await expect(localCifar10({ cacheDirectory }, { facts, sources: [full, forbidden] })).rejects.toThrow(
      `cifar10: cannot keep the images in ${cacheDirectory} (ENOSPC: no space left on device, write). Make it writable`,
    )
    expect(await readdir(cacheDirectory)).toEqual(['cifar10.downloads'])
  })

  test('under a path that is a file the error names it', async () => {
    const file = join(await temporaryFolder(), 'file')
    await writeFile(file, '')
    const cacheDirectory = join(file, 'cache')
    await expect(localCifar10({ cacheDirectory }, { facts, sources: [forbidden] })).rejects.toThrow(
      `cifar10: cannot keep the images in ${cacheDirectory} (ENOTDIR`,
    )
  })
})

describe('a damaged cache', () => {
  let cacheDirectory: string
  let cache: string
  beforeEach(async () => {
    cacheDirectory = await temporaryFolder()
    cache = join(cacheDirectory, 'cifar10')
    const { archive } = await serveArchive(data)
    await localCifar10({ cacheDirectory }, { facts, sources: [officialArchive(archive)] })
  })
  const read = () => localCifar10({ cacheDirectory }, { facts, sources: [forbidden] })
  const names = ['train.images.bin', 'train.labels.bin', 'test.images.bin', 'test.labels.bin']

  test.each(names)('is told by a missing %s', async (name) => {
    await rm(join(cache, name))
    await expect(read()).rejects.toThrow(
      `${join(cache, name)} is missing. Remove ${cache}; the next call makes it anew.`,
    )
  })

  test.each(names)('is told by a truncated %s', async (name) => {
    const { length } = await readFile(join(cache, name))
    await truncate(join(cache, name), length - 1)
    await expect(read()).rejects.toThrow(`${join(cache, name)} is damaged: expected ${length} bytes, got ${length - 1}`)
  })

  test.each(names)('is told by one changed bit in %s', async (name) => {
    const bytes = await readFile(join(cache, name))
    const last = bytes.length - 1
    bytes[last] = itemAt(bytes, last) ^ 1
    await writeFile(join(cache, name), bytes)
    await expect(read()).rejects.toThrow(new RegExp(`${name}.* is damaged: expected sha256`))
  })

  test('is made anew once it is removed, as the error says', async () => {
    await rm(cache, { recursive: true })
    const { archive } = await serveArchive(data)
    const { train } = await localCifar10({ cacheDirectory }, { facts, sources: [officialArchive(archive)] })
    await expectPictures(train, data.train)
  })
})

test('what a killed process left beside the cache is removed', async () => {
  const cacheDirectory = await temporaryFolder()
  await mkdir(join(cacheDirectory, 'cifar10.tmp-1234'))
  await writeFile(join(cacheDirectory, 'cifar10.tmp-1234', 'train.images.bin'), 'half')
  const { archive } = await serveArchive(data)
  await localCifar10({ cacheDirectory }, { facts, sources: [officialArchive(archive)] })
  expect(await readdir(cacheDirectory)).toEqual(['cifar10'])
})

test('shards are a matter of a url', async () => {
  await expect(localCifar10({ trainShards: 1 })).rejects.toThrow('trainShards and testShards select shards of a `url`')
})
