import { readFileSync } from 'node:fs'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fixtureUrl, itemAt, jsonFixture } from '@ddnet/testing'
import { launchChromium, openPage, serveFolder } from '@ddnet/testing/browser'
import { encode } from 'fast-png'
import sharp from 'sharp'
import { expect, onTestFinished, test } from 'vitest'
import { diskFiles } from '../src/files/disk-files.ts'
import { decodeImage } from '../src/images/decode-image.node.ts'
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
  const images = await damagedImages()
  await mkdir(join(site, 'images'))
  for (const [name, file] of Object.entries(images)) await writeFile(join(site, 'images', name), file)
  await writeFile(join(site, 'images.json'), JSON.stringify(Object.keys(images)))
  await writeTurnedPhotos(join(site, 'turned'))
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
    for (const [at, { image, label }] of expected.entries()) {
      const found = looked[where][at]
      expect([found?.shape, found?.label], where).toEqual([image.shape, label])
      const errors = Array.from(image.data, (value, at) => Math.abs(value - itemAt(found?.pixels, at)))
      expect(Math.max(...errors), `${where} ${own[at]}`).toBeLessThanOrEqual(own[at]?.endsWith('.jpg') ? 3 : 0)
    }
  }
  const files = jsonFixture('datasets/expected.json') as { palette4: number[][]; t10k: { labels: number[] } }
  expect(looked.mask).toEqual(files.palette4.flat())
  expect(looked.digits).toEqual(files.t10k.labels)
  expect(looked.reasons).toEqual([
    'DatasetError: cannot fetch photos/cat/none.png: HTTP 404. Check the address, and that the server has it.',
    expect.stringMatching(/^DatasetError: photos\/cat\/text\.png is not an image that can be read: it begins with/),
  ])
  expect(looked.turned.length).toBe(24)
  for (const { name, shape, bright, masked } of looked.turned) {
    expect(bright.length, name).toBe(8 * 4)
    expect(masked, `${name}, ${shape}`).toEqual(bright)
  }

  for (const [name, file] of Object.entries(images)) {
    const here = await decodeImage(file, name).then(
      ({ data }) => [...data],
      (error: unknown) => String(error),
    )
    const there = looked.images[name]
    // The reasons differ where the decoders find the damage.
    expect(typeof there, `${name}: ${String(there).slice(0, 200)}`).toBe(typeof here)
    if (typeof here === 'string' || typeof there === 'string')
      expect(there).toMatch(/^DatasetError: .* (damaged|cut off|is an SVG)/)
    else {
      const furthest = Math.max(...here.map((value, at) => Math.abs(value - itemAt(there, at))))
      expect(furthest, name).toBeLessThanOrEqual(name.endsWith('.jpg') ? 3 : 0)
    }
  }
})

/** Files that browsers show, and some that lack pixels. */
async function damagedImages(): Promise<Record<string, Uint8Array>> {
  const read = (name: string) => readFileSync(fixtureUrl(`datasets/${name}`))
  const [jpeg, png] = [read('jpegs/baseline-444.jpg'), read('photos/cat/1.png')]
  const progressive = read('jpegs/progressive-444.jpg')
  const gif = await sharp(png).gif().toBuffer()
  return {
    ...Object.fromEntries(
      Array.from({ length: 14 }, (_, at) => [`${at}.bmp`, readFileSync(fixtureUrl(`bitmaps/${at}.bmp`))]),
    ),
    'no-end.jpg': jpeg.subarray(0, -2),
    'progressive-no-end.jpg': progressive.subarray(0, -2),
    'second.jpg': Buffer.concat([jpeg, progressive]),
    'no-end.png': png.subarray(0, -12),
    'no-end.gif': gif.subarray(0, -1),
    'cut.jpg': jpeg.subarray(0, -200),
    'cut-by-two.jpg': jpeg.subarray(0, -4),
    'cut-progressive.jpg': progressive.subarray(0, -200),
    'cut.png': png.subarray(0, -60),
    'cut.gif': gif.subarray(0, -60),
    'drawing.png': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
  }
}

/** Dark photos of 24 × 16 pixels with a bright object, in every orientation, and masks of the object in the file. */
async function writeTurnedPhotos(folder: string): Promise<void> {
  await mkdir(join(folder, 'images'), { recursive: true })
  await mkdir(join(folder, 'masks'))
  const isObject = (at: number) => at % 24 >= 3 && at % 24 < 11 && Math.floor(at / 24) >= 2 && Math.floor(at / 24) < 6
  const pixels = Uint8Array.from({ length: 24 * 16 * 3 }, (_, at) => (isObject(Math.floor(at / 3)) ? 250 : 5))
  const mask = encode({
    width: 24,
    height: 16,
    channels: 1,
    data: Uint8Array.from({ length: 24 * 16 }, (_, at) => Number(isObject(at))),
  })
  for (const kind of ['jpeg', 'png', 'webp'] as const) {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const image = sharp(pixels, { raw: { width: 24, height: 16, channels: 3 } }).withMetadata({ orientation })
      const options = {
        quality: 100,
        ...(kind === 'webp' && { lossless: true }),
        ...(kind === 'jpeg' && { chromaSubsampling: '4:4:4' }),
      }
      await writeFile(
        join(folder, 'images', `${kind}${orientation}.${kind}`),
        await image.toFormat(kind, kind === 'png' ? {} : options).toBuffer(),
      )
      await writeFile(join(folder, 'masks', `${kind}${orientation}.png`), mask)
    }
  }
}
