import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pageInChromium } from '@ddnet/testing/page'
import { expect, test } from 'vitest'
import { htmlReport } from './html-report.ts'
import { blank } from './picture.ts'

const served = pageInChromium(new URL('../test/page/', import.meta.url))

test('a page has a picture on a canvas and as an image, pixel for pixel, and reads a plot', async () => {
  const { page, errors } = await served.open()
  const report = await page.evaluate(() => (globalThis as unknown as typeof import('../test/page/main.ts')).report())
  expect(report.canvas).toEqual(report.picture)
  expect(report.offscreen).toEqual(report.picture)
  expect(report.image).toEqual(report.picture)
  expect(report.plotIsThere).toBe(true)
  expect([report.svgErrors, report.svgTitle]).toEqual([0, 'a < b & c'])
  expect(report.svgSize[0]).toBeGreaterThan(0)
  expect(report.refusal).toBe('drawOnCanvas: this canvas has a context of another kind. Take a new canvas.')
  expect(errors).toEqual([])
  await page.close()
})

const hostile = '<script>document.title = "taken"</script><img src="/x.png" onerror="document.title = \'taken\'">'
const report = htmlReport({
  title: hostile,
  summary: [[hostile, hostile]],
  curves: [
    {
      title: hostile,
      curves: [
        {
          name: hostile,
          points: [
            [1, 2],
            [3, 4],
          ],
        },
      ],
    },
  ],
  classes: {
    names: ['cat', hostile],
    confusion: [
      [2, 1],
      [0, 3],
    ],
  },
  predictions: [{ image: blank(4, 4, [9, 9, 9]), predicted: 'cat', confidence: 0.5, actual: hostile }],
  pictures: [{ title: 'maps', caption: hostile, picture: blank(300, 20, [9, 9, 9]) }],
})

/** The report in a browser, with what it asked for. */
async function openReport(options: { colorScheme: 'light' | 'dark'; javaScriptEnabled: boolean; width: number }) {
  await writeFile(join(served.site.folder, 'report.html'), report)
  const { width, ...rest } = options
  const context = await served.chromium.browser.newContext({ ...rest, viewport: { width, height: 700 } })
  const page = await context.newPage()
  const requests: string[] = []
  const messages: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  page.on('console', (message) => messages.push(message.text()))
  await page.goto(`${served.site.url}report.html`)
  return { page, messages, requests: requests.filter((url) => !url.startsWith('data:')), close: () => context.close() }
}

test('the report asks for nothing but itself, runs nothing, and shows hostile names as text', async () => {
  const { page, requests, messages, close } = await openReport({
    colorScheme: 'light',
    javaScriptEnabled: true,
    width: 900,
  })
  expect(requests).toEqual([`${served.site.url}report.html`])
  expect(messages).toEqual([]) // no violation of its own content security policy
  expect(await page.title()).toBe(hostile)
  expect(await page.locator('h1').textContent()).toBe(hostile)
  expect(await page.locator('script').count()).toBe(0)
  expect(await page.locator('img').count()).toBe(2)
  const broken = await page.evaluate(() => [...document.images].filter(({ naturalWidth }) => naturalWidth === 0).length)
  expect(broken).toBe(0)
  await close()
})

test.each([
  { colorScheme: 'light', width: 900 },
  { colorScheme: 'dark', width: 900 },
  { colorScheme: 'light', width: 360 },
] as const)('the report can be read, $colorScheme and $width pixels wide', async ({ colorScheme, width }) => {
  const { page, close } = await openReport({ colorScheme, javaScriptEnabled: true, width })
  const { overflow, contrasts } = await page.evaluate(() => {
    const numbers = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number)
    const luminance = (rgb: number[]) => {
      const [r = 0, g = 0, b = 0] = rgb.map((part) => {
        const share = part / 255
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const over = (top: number[], below: number[]) => {
      const [, , , share = 1] = top
      return below.map((part, channel) => share * (top[channel] as number) + (1 - share) * part)
    }
    /** WCAG's contrast of an element's text with what lies behind it. */
    const contrast = (element: Element) => {
      const paint = (each: Element) => numbers(getComputedStyle(each).backgroundColor)
      const behind: Element[] = []
      for (let each: Element | null = element; each !== null; each = each.parentElement) behind.unshift(each)
      const ground = behind.reduce((below, each) => over(paint(each), below), [255, 255, 255])
      const style = getComputedStyle(element)
      const text = numbers(element instanceof SVGElement ? style.fill : style.color).slice(0, 3)
      const [low = 0, high = 0] = [luminance(text), luminance(ground)].sort((a, b) => a - b)
      return (high + 0.05) / (low + 0.05)
    }
    return {
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      contrasts: [...document.querySelectorAll('h1, h2, p, dt, dd, th, td, figcaption, figcaption b, svg text')].map(
        (element) => ({ element: `${element.tagName} ${element.className}`, contrast: contrast(element) }),
      ),
    }
  })
  expect(overflow).toBeLessThanOrEqual(0)
  // What WCAG asks of text at level AA.
  expect(contrasts.filter(({ contrast }) => contrast < 4.5)).toEqual([])
  expect(contrasts.length).toBeGreaterThan(20)
  await close()
})

test('without JavaScript it is the same', async () => {
  const { page, close } = await openReport({ colorScheme: 'light', javaScriptEnabled: false, width: 900 })
  expect(await page.locator('h2').allTextContents()).toEqual([
    'Summary',
    'Curves',
    'Classes',
    'Confusion matrix',
    'Predictions',
    'maps',
  ])
  expect((await page.locator('.plot').boundingBox())?.width).toBeGreaterThan(400)
  await close()
})
