import { fileURLToPath } from 'node:url'
import { type LaunchedChromium, launchChromium, openPage, type Site, serveBuilt } from '@ddnet/testing/browser'
import { afterAll, beforeAll, expect, test } from 'vitest'

let chromium: LaunchedChromium
let site: Site

beforeAll(async () => {
  ;[chromium, site] = await Promise.all([
    launchChromium(),
    serveBuilt(fileURLToPath(new URL('../test/page', import.meta.url))),
  ])
})
afterAll(async () => {
  await chromium?.browser.close()
  await site?.close()
})

test('a page built by Vite differentiates a convolution, in shared memory where it is cross-origin isolated', async () => {
  const { page, errors } = await openPage(chromium.browser, site.url)
  const report = await page.evaluate(() => (globalThis as unknown as typeof import('../test/page/main.ts')).report())
  expect(report.isolated).toBe(true)
  expect(report.device).toContain('WebAssembly with SIMD, 1 thread')
  // 100 taps of 16 pixels are inside the image; each adds 3 input channels to 2 output channels.
  expect(report.sum).toBe(100 * 3 * 2)
  // The corner tap sees 3 × 3 pixels, whatever the channels.
  expect(report.filterGradient).toEqual([9, 9, 9, 9, 9, 9])
  expect(report.threads).toMatch(/^BackendUnavailable: wasm: 2 threads need Node; a page runs on one/)
  expect(errors).toEqual([])
  await page.close()
})
