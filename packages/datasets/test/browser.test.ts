import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { itemAt } from '@ddnet/testing'
import { launchChromium, openPage, serveFolder } from '@ddnet/testing/browser'
import { expect, onTestFinished, test } from 'vitest'
import { cifar10ClassNames } from '../src/cifar10/class-names.ts'
import { writeCifar10Shards } from '../src/cifar10/write-shards.ts'
import { buildPage } from './build-page.ts'
import { datasetOf, synthetic } from './synthetic-cifar10.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('a browser reads the shards that its site serves, with a bundle that holds nothing of Node', async () => {
  const data = synthetic()
  const site = await temporaryFolder()
  const modules = (await buildPage('page', site)).flatMap(({ moduleIds }) => moduleIds)
  expect(modules.filter((id) => id.includes('/cifar10/local.'))).toEqual([expect.stringMatching(/local\.browser\.ts$/)])
  // Reading masks takes a decoder of PNG; a page that reads none is spared it.
  expect(modules.filter((id) => /datasets\/src\/node\/|fast-png|fflate|sharp/.test(id))).toEqual([])

  const splits = { train: datasetOf(data.train), test: datasetOf(data.test), classNames: cifar10ClassNames }
  await writeCifar10Shards(splits, join(site, 'cifar10'), { shardSize: 8 })
  await writeCifar10Shards(splits, join(site, 'damaged'), { shardSize: 8 })
  const damaged = join(site, 'damaged', 'test-01.bin')
  const bytes = await readFile(damaged)
  bytes[5] = itemAt(bytes, 5) ^ 1
  await writeFile(damaged, bytes)

  const server = await serveFolder(site)
  const { browser } = await launchChromium()
  onTestFinished(async () => {
    await browser.close()
    await server.close()
  })
  const { page, errors } = await openPage(browser, server.url)
  const found = await page.evaluate(() => globalThis.found)
  expect(found.labels).toEqual(data.train.slice(0, 16).map(({ label }) => label))
  expect(found.firstPixels).toEqual([...(data.train[0]?.pixels ?? [])])
  expect(found.classNames).toEqual(cifar10ClassNames)
  expect(found.progress.at(-1)).toEqual({ source: 'cifar10/', receivedBytes: 16 * 3073, totalBytes: 16 * 3073 })
  expect(found.log).toEqual(['cifar10: reading shards from cifar10/, because the images are served there'])
  expect(await page.evaluate(() => globalThis.refused)).toMatch(
    /^DatasetError: damaged\/test-01.bin is damaged: expected sha256/,
  )
  // Reading stops at the shard that is damaged; requests for others may be on their way, and end there.
  expect(errors.filter((error) => !/\/damaged\/.*ERR_ABORTED/.test(error))).toEqual([])
})
