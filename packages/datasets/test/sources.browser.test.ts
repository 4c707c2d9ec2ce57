import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fixtureUrl, jsonFixture } from '@ddnet/testing'
import { launchChromium, openPage, serveFolder } from '@ddnet/testing/browser'
import { expect, onTestFinished, test } from 'vitest'
import { diskFiles } from '../src/files/disk-files.ts'
import { imageFolder } from '../src/sources/image-folder.ts'
import { buildPage } from './build-page.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('a page reads the photographs that Node reads, from a server, its storage, a picker, and in workers', async () => {
  const site = await temporaryFolder()
  await buildPage('sources-page', site)
  const fixtures = fileURLToPath(fixtureUrl('datasets'))
  for (const folder of ['photos', 'cells', 'mnist'])
    await cp(join(fixtures, folder), join(site, folder), { recursive: true })
  await writeFile(join(site, 'photos', 'cat', 'text.png'), 'no image')
  const server = await serveFolder(site)
  const { browser } = await launchChromium()
  onTestFinished(async () => {
    await browser.close()
    await server.close()
  })
  const { page } = await openPage(browser, server.url)
  const looked = await page.evaluate(() => globalThis.looked)

  const photos = await imageFolder(diskFiles(join(fixtures, 'photos')))
  const own = ['cat/1.png', 'dog/gray.png', 'dog/transparent.png', 'dog/turned.jpg']
  const expected = await Promise.all(own.map((name) => photos.get(photos.names.indexOf(name))))
  for (const where of ['served', 'stored', 'picked', 'workers'] as const) {
    expect(looked[where].length, where).toBe(4)
    for (const [at, { image, shape, label }] of expected.entries()) {
      const found = looked[where][at]
      expect([found?.shape, found?.label], where).toEqual([shape, label])
      const errors = Array.from(image, (value, at) => Math.abs(value - (found?.image[at] as number)))
      expect(Math.max(...errors), `${where} ${own[at]}`).toBeLessThanOrEqual(own[at]?.endsWith('.jpg') ? 3 : 0)
    }
  }
  const files = jsonFixture('datasets/expected.json') as { palette4: number[][]; t10k: { labels: number[] } }
  expect(looked.mask).toEqual(files.palette4.flat())
  expect(looked.digits).toEqual(files.t10k.labels)
  expect(looked.reasons).toEqual([
    'DatasetError: cannot fetch photos/cat/none.png: HTTP 404. Check that the server has it.',
    expect.stringMatching(/^DatasetError: photos\/cat\/text\.png is no image that is read: it begins with/),
  ])
})
