import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defined, itemAt } from '@ddnet/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { serveFolder } from '../../test/folder-server.ts'
import { datasetOf, synthetic } from '../../test/synthetic-cifar10.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import type { ClassificationSample, Dataset } from '../dataset.ts'
import { map } from '../map.ts'
import { subset } from '../subset.ts'
import { normalize } from '../transforms/normalize.ts'
import { cifar10 } from './cifar10.ts'
import { cifar10ClassNames } from './class-names.ts'
import { localCifar10 as browserCifar10 } from './local.browser.ts'
import type { DownloadProgress } from './types.ts'
import { writeCifar10Shards } from './write-shards.ts'

const data = synthetic()
const original = { train: datasetOf(data.train), test: datasetOf(data.test), classNames: cifar10ClassNames }

async function written(shardSize = 8): Promise<string> {
  const folder = await temporaryFolder()
  await writeCifar10Shards(original, folder, { shardSize })
  return folder
}

async function expectSame(
  actual: Dataset<ClassificationSample>,
  expected: Dataset<ClassificationSample>,
): Promise<void> {
  expect(actual.length).toBe(expected.length)
  for (let index = 0; index < expected.length; index++) {
    const [got, want] = [await actual.get(index), await expected.get(index)]
    expect(got.label).toBe(want.label)
    expect(got.image.shape).toEqual(want.image.shape)
    expect(Buffer.from(want.image.data).equals(got.image.data as Uint8Array), `image ${index}`).toBe(true)
  }
}

afterEach(() => void vi.unstubAllGlobals())

describe('shards', () => {
  test('are read as they were written, with progress', async () => {
    const { url } = await serveFolder(await written())
    const progress: DownloadProgress[] = []
    const read = await cifar10({ url, onProgress: (event) => progress.push(event) })
    const last = (images: number) => ({ source: `${url}/`, receivedBytes: images * 3073, totalBytes: images * 3073 })
    expect(progress.at(-1)).toEqual(last(20))
    await expectSame(read.train, original.train)
    await expectSame(read.test, original.test)
    expect(progress.at(-1)).toEqual(last(10))
    expect(read.classNames).toEqual(original.classNames)
  })

  test('are files of raw bytes with a manifest, and nothing else is left', async () => {
    const folder = await written()
    expect((await readdir(folder)).sort()).toEqual([
      'manifest.json',
      'test-00.bin',
      'test-01.bin',
      'train-00.bin',
      'train-01.bin',
      'train-02.bin',
    ])
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))
    expect(manifest).toMatchObject({
      format: 'ddnet-image-shards-1',
      shape: [32, 32, 3],
      train: { count: 20 },
      test: { count: 10 },
    })
    expect(manifest.train.shards[2]).toMatchObject({ file: 'train-02.bin', count: 4, bytes: 4 * 3073 })
    const last = await readFile(join(folder, 'train-02.bin'))
    expect(last.subarray(0, 3072).equals(defined(data.train[16]?.pixels))).toBe(true)
    expect([...last.subarray(4 * 3072)]).toEqual(data.train.slice(16).map(({ label }) => label))
  })

  test('only those that are asked for are fetched, those of the test images when the first of these is', async () => {
    const { url, requested } = await serveFolder(await written())
    const { train, test } = await cifar10({ url, trainShards: 2, testShards: 1 })
    await expectSame(train, subset(original.train, 16))
    expect(requested.sort()).toEqual(['manifest.json', 'train-00.bin', 'train-01.bin'])
    await expectSame(test, subset(original.test, 8))
    expect(requested.sort()).toEqual(['manifest.json', 'test-00.bin', 'train-00.bin', 'train-01.bin'])
  })

  test('cannot be more than there are', async () => {
    const { url } = await serveFolder(await written())
    await expect(cifar10({ url, trainShards: 4 })).rejects.toThrow('cifar10: expected trainShards in 1 … 3, got 4')
  })

  test('a missing one is named', async () => {
    const folder = await written()
    await rm(join(folder, 'train-01.bin'))
    const { url } = await serveFolder(folder)
    await expect(cifar10({ url })).rejects.toThrow(`cannot fetch ${url}/train-01.bin: HTTP 404`)
  })

  test('a truncated one is named', async () => {
    const folder = await written()
    await truncate(join(folder, 'test-01.bin'), 6145)
    const { url } = await serveFolder(folder)
    const { test } = await cifar10({ url })
    await expect(test.get(0)).rejects.toThrow(`${url}/test-01.bin is damaged: expected 6146 bytes, got 6145`)
    await expect(test.get(10)).rejects.toThrow('expected an index in 0 … 9, got 10')
    await writeCifar10Shards(original, folder, { shardSize: 8 })
    expect((await test.get(0)).label).toBe((await original.test.get(0)).label) // whoever asks again may have it
  })

  test('a longer one is named', async () => {
    const folder = await written()
    await truncate(join(folder, 'test-01.bin'), 6147)
    const { url } = await serveFolder(folder)
    await expect((await cifar10({ url })).test.get(0)).rejects.toThrow(
      `cannot fetch ${url}/test-01.bin (it sends more than 6146 bytes)`,
    )
  })

  test('one with a changed bit is named', async () => {
    const folder = await written()
    const bytes = await readFile(join(folder, 'train-00.bin'))
    bytes[1234] = itemAt(bytes, 1234) ^ 1
    await writeFile(join(folder, 'train-00.bin'), bytes)
    const { url } = await serveFolder(folder)
    await expect(cifar10({ url })).rejects.toThrow(`${url}/train-00.bin is damaged: expected sha256`)
  })

  test('without SubtleCrypto sizes alone are checked, and the log says so', async () => {
    vi.stubGlobal('crypto', {})
    const folder = await written()
    const { url } = await serveFolder(folder)
    const log: string[] = []
    await expectSame((await cifar10({ url, log: (line) => log.push(line) })).test, original.test)
    expect(log).toContain('cifar10: checking sizes alone, because SubtleCrypto needs https or localhost')
    await truncate(join(folder, 'train-00.bin'), 100)
    await expect(cifar10({ url })).rejects.toThrow(`${url}/train-00.bin is damaged: expected 24584 bytes, got 100`)
  })
})

describe('a manifest', () => {
  const served = async (text: string): Promise<string> => {
    const folder = await written()
    await writeFile(join(folder, 'manifest.json'), text)
    return (await serveFolder(folder)).url
  }

  test('that is missing is named with the remedy', async () => {
    const { url } = await serveFolder(await temporaryFolder())
    await expect(cifar10({ url })).rejects.toThrow(
      `cannot fetch ${url}/manifest.json: HTTP 404. Serve a folder written with writeCifar10Shards of @ddnet/datasets/node there.`,
    )
  })

  test('that is a web page is told as such', async () => {
    const url = await served('<!doctype html><title>App</title>')
    await expect(cifar10({ url })).rejects.toThrow(`${url}/manifest.json: expected a JSON manifest, got "<!doctype`)
  })

  test.each([
    [
      'another format',
      (manifest: { format: string }) => (manifest.format = 'x'),
      'expected format ddnet-image-shards-1, got "x"',
    ],
    [
      'no shape',
      (manifest: { shape: unknown }) => (manifest.shape = [32, 32]),
      'expected a shape [height, width, channels], got [32,32]',
    ],
    [
      'another count',
      (manifest: { train: { count: number } }) => (manifest.train.count = 21),
      'expected 21 images in the shards of train, got 20',
    ],
    [
      'another size',
      (manifest: { test: { shards: { bytes: number }[] } }) => (itemAt(manifest.test.shards, 0).bytes = 5),
      'expected shards with file, count, bytes (at most 1073741824) and sha256 in test',
    ],
    [
      'shards elsewhere',
      (manifest: { test: { shards: { file: string }[] } }) => (itemAt(manifest.test.shards, 0).file = '../secret.bin'),
      '"../secret.bin" is refused as the name of a file',
    ],
    [
      'shards of more bytes than there are',
      (manifest: { test: { count: number; shards: { count: number; bytes: number }[] } }) => {
        Object.assign(itemAt(manifest.test.shards, 0), { count: 2 ** 40, bytes: 2 ** 40 * 3073 })
        manifest.test.count = manifest.test.shards.reduce((total, { count }) => total + count, 0)
      },
      'expected shards with file, count, bytes (at most 1073741824) and sha256 in test',
    ],
    ['no shards', (manifest: { test: unknown }) => (manifest.test = {}), 'expected shards in test'],
  ])('with %s is refused', async (_, change, message) => {
    const manifest = JSON.parse(await readFile(join(await written(), 'manifest.json'), 'utf8'))
    change(manifest)
    await expect(cifar10({ url: await served(JSON.stringify(manifest)) })).rejects.toThrow(message)
  })
})

test('a server that is not there is named', async () => {
  await expect(cifar10({ url: 'http://127.0.0.1:1/' })).rejects.toThrow('cannot fetch http://127.0.0.1:1/manifest.json')
})

test('in the browser the default is cifar10/ beside the page', async () => {
  const fetched: string[] = []
  const fetch = async (address: string | URL | Request) => {
    fetched.push(String(address))
    return new Response(null, { status: 404 })
  }
  await expect(browserCifar10({ fetch })).rejects.toThrow('cannot fetch cifar10/manifest.json: HTTP 404')
  expect(fetched).toEqual(['cifar10/manifest.json'])
  await expect(browserCifar10({ directory: '/data' })).rejects.toThrow('a browser cannot read folders')
})

test('a directory and a url exclude each other', async () => {
  await expect(cifar10({ url: 'https://a.example/', directory: 'b' })).rejects.toThrow(
    'cifar10: expected a directory or a url, got both: b and https://a.example/',
  )
})

test('only bytes are written', async () => {
  const floats = { ...original, train: map(original.train, normalize({ mean: 0.5, std: 0.5 })) }
  await expect(writeCifar10Shards(floats, await temporaryFolder())).rejects.toThrow(
    'expected images [32,32,3] of bytes, got [32,32,3] of Float32Array',
  )
  await expect(writeCifar10Shards(original, await temporaryFolder(), { shardSize: 0 })).rejects.toThrow('got 0')
  await expect(
    writeCifar10Shards({ ...original, test: subset(original.test, 0) }, await temporaryFolder()),
  ).rejects.toThrow('expected images in test, got none')
})
