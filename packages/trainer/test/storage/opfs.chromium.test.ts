import { pageInChromium } from '@ddnet/testing/page'
import { expect, test } from 'vitest'
import { storageCases } from './cases.ts'

const served = pageInChromium(new URL('../storage-page/', import.meta.url))

test('the storage of a page (OPFS) does what every storage must', async () => {
  const { page, errors } = await served.open()
  const results = await page.evaluate(() => globalThis.results)
  expect(Object.keys(results)).toEqual([])
  expect(storageCases.length).toBeGreaterThan(10)
  expect(errors).toEqual([])
  await page.close()
})

test('what a page left half-written is not seen, and is removed', async () => {
  const { page } = await served.open()
  const [names, kind, checkpoints, bytes, left] = await page.evaluate(() => globalThis.leftover)
  expect({ names, kind, checkpoints, bytes, left }).toEqual({
    ...{ names: [], kind: undefined, checkpoints: [], bytes: undefined, left: [] },
  })
  await page.close()
})

test('of two tabs one writes, and the other one when that is gone', async () => {
  const context = await served.chromium.browser.newContext() // tabs of one have one storage
  const [first, second] = [await context.newPage(), await context.newPage()]
  for (const page of [first, second]) await page.goto(served.site.url)
  expect(await first.evaluate(() => globalThis.hold())).toBe('held')
  expect(await second.evaluate(() => globalThis.hold())).toBe(
    'the storage of the page/held is being written by another tab of this page. Close it, or wait for it.',
  )
  await first.close()
  await expect.poll(() => second.evaluate(() => globalThis.hold())).toBe('held')
  await context.close()
})
