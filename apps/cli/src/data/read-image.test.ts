import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { expect, onTestFinished, test, vi } from 'vitest'
import { measureImage, readImage } from './read-image.ts'

/** A picture that no format can make small, so that most of its file is pixels. */
function picture(): Sharp {
  const [width, height] = [60, 40]
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, at) => Math.imul(at, 2654435761) >>> 13)
  return sharp(pixels, { raw: { width, height, channels: 3 } })
}

const color = (side: number) => ({ height: side, width: side, channels: 3 })

function fileOf(content: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'ddnet-image-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'image'), content)
  return join(folder, 'image')
}

const kinds: Record<string, (image: Sharp) => Sharp> = {
  PNG: (image) => image.png(),
  'interlaced PNG': (image) => image.png({ progressive: true }),
  JPEG: (image) => image.jpeg(),
  'progressive JPEG': (image) => image.jpeg({ progressive: true }),
  WebP: (image) => image.webp(),
  GIF: (image) => image.gif(),
}

// libvips tells the damage of some files only the first time that it meets it, and sharp's stats() asks no further.
test.each(Object.entries(kinds))('a cut %s is refused every time, also among others', async (_, encode) => {
  const whole = await encode(picture()).toBuffer()
  const [cut, good] = [fileOf(whole.subarray(0, whole.length * 0.6)), fileOf(whole)]
  const rounds = Array.from({ length: 24 }, (_, at) => at)
  const refused = await Promise.allSettled(
    rounds.flatMap(() => [measureImage(cut, 'cut'), readImage(cut, color(16), 'cut'), measureImage(good, 'good')]),
  )
  expect(refused.map(({ status }) => status)).toEqual(rounds.flatMap(() => ['rejected', 'rejected', 'fulfilled']))
  const said = refused.flatMap((result) => (result.status === 'rejected' ? [String(result.reason.message)] : []))
  for (const message of said)
    expect(message).toMatch(/^cut is [^\n]*(damaged|cut off)[^\n]+\. Replace it, or take it out\.$/)
  expect(said.join()).not.toContain('failOn')
})

test('a photograph that was turned has the size that people see', async () => {
  const turned = fileOf(await picture().jpeg().withMetadata({ orientation: 6 }).toBuffer())
  expect(await measureImage(turned, 'turned')).toEqual({ width: 40, height: 60 })
  expect(await readImage(turned, color(16))).toMatchObject({ width: 40, height: 60, image: { shape: [16, 16, 3] } })
})

test.skipIf(!existsSync('/dev/zero'))(
  'a device without an end is given up (skipped where there is no /dev/zero)',
  async () => {
    await expect(readImage('/dev/zero', color(16), 'zero')).rejects.toThrow('zero has more than 268435456 bytes')
  },
)

test('DDNET_MAX_PIXELS raises the limit, and lowers it', async () => {
  const file = fileOf(await picture().png().toBuffer())
  onTestFinished(() => void vi.unstubAllEnvs())
  vi.stubEnv('DDNET_MAX_PIXELS', '2399')
  await expect(readImage(file, color(16), 'a')).rejects.toThrow('a says that it has 60×40 pixels: expected 1 … 2399.')
  vi.stubEnv('DDNET_MAX_PIXELS', '2400')
  expect(await readImage(file, color(16), 'a')).toMatchObject({ width: 60, height: 40 })
  vi.stubEnv('DDNET_MAX_PIXELS', 'many')
  await expect(readImage(file, color(16), 'a')).rejects.toThrow('DDNET_MAX_PIXELS=many: expected a number of pixels')
})

test('an image is read in the channels, height and width of the run', async () => {
  // Pillow's convert('L') of the same colors.
  const colors = [
    [255, 0, 0, 76],
    [0, 255, 0, 150],
    [0, 0, 255, 29],
    [1, 2, 3, 2],
    [200, 100, 50, 124],
    [13, 250, 77, 159],
    [90, 90, 90, 90],
    [255, 255, 255, 255],
  ]
  const raw = { width: 4, height: 2, channels: 3 } as const
  const rgb = Uint8Array.from(colors.flatMap(([red = 0, green = 0, blue = 0]) => [red, green, blue]))
  const file = fileOf(await sharp(rgb, { raw }).png().toBuffer())
  const { image } = await readImage(file, { height: 2, width: 4, channels: 1 })
  expect(image.shape).toEqual([2, 4, 1])
  expect([...image.data]).toEqual(colors.map(([, , , gray]) => gray))
  expect([...(await readImage(file, { height: 2, width: 4, channels: 3 })).image.data]).toEqual([...rgb])
  await expect(readImage(file, { height: 2, width: 4, channels: 5 }, 'a.png')).rejects.toThrow(
    'a.png would be an image in gray, or in red, green and blue: the run takes images of 5 channels.',
  )
})

test('a gray file is the same pixels again', async () => {
  const gray = Uint8Array.from({ length: 12 }, (_, at) => at * 20)
  const file = fileOf(
    await sharp(gray, { raw: { width: 4, height: 3, channels: 1 } })
      .toColorspace('b-w')
      .png()
      .toBuffer(),
  )
  const { image } = await readImage(file, { height: 3, width: 4, channels: 1 })
  expect([...image.data]).toEqual([...gray])
})
