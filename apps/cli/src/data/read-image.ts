import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { DatasetError, type ImageField, type ImageLimits, type ImageShape } from '@ddnet/datasets'
import { maxImageBytes, openImage } from '@ddnet/datasets/node'
import type { DataFacts } from '@ddnet/experiment'
import type { Sharp } from 'sharp'
import { CliError, UsageError, whyUnreadable } from '../errors.ts'

/** An image of which nothing else is known, and its size in its file. */
export interface ReadImage {
  readonly image: ImageField<Uint8Array>
  readonly width: number
  readonly height: number
  /** SHA-256 of the file. */
  readonly sha256: string
}

/**
 * An image file of any kind and size as what is known of a run's images: its middle, cut to their proportions and scaled, in red, green and blue
 * or, of one channel, in gray.
 *
 * @param name how errors name it
 * @throws CliError for a file that is not there, or is not an image; UsageError for images of other channels than files have
 */
export function readImage(
  path: string,
  { height, width, channels }: DataFacts['image'],
  name: string = path,
): Promise<ReadImage> {
  return pixelsOf(path, name, channels, (image) => image.resize(width, height, { fit: 'cover' }))
}

/**
 * All of an image file, in its own size.
 *
 * @throws what `readImage` throws
 */
export const readWholeImage = (path: string, channels: number, name: string = path): Promise<ReadImage> =>
  pixelsOf(path, name, channels, (image) => image)

async function pixelsOf(
  path: string,
  name: string,
  channels: number,
  change: (image: Sharp) => Sharp,
): Promise<ReadImage> {
  if (channels !== 1 && channels !== 3) {
    throw new UsageError(
      `${name} would be an image in gray, or in red, green and blue: the run takes images of ${channels} channels. Put them into data of your own, data=./my-data.ts.`,
    )
  }
  return withImage(path, name, async (image, file) => {
    const size = await sizeOf(image)
    const { data: pixels, info } = await change(image.flatten({ background: 'white' })) // what is transparent
      .toColorspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true })
    const colors = new Uint8Array(pixels)
    const data = channels === 3 ? colors : grayOf(colors)
    return { image: { kind: 'image', data, shape: [info.height, info.width, channels] }, ...size, sha256: sha256(file) }
  })
}

/** `0.299 red + 0.587 green + 0.114 blue` (ITU-R BT.601), in 65,536ths and rounded, as Pillow has it: gray stays what it is. */
function grayOf(colors: Uint8Array): Uint8Array {
  const at = (index: number) => colors[index] as number
  return Uint8Array.from(
    { length: colors.length / 3 },
    (_, pixel) => (19595 * at(3 * pixel) + 38470 * at(3 * pixel + 1) + 7471 * at(3 * pixel + 2) + 32768) >> 16,
  )
}

/**
 * Width and height of an image file, as it is seen, all of which was decoded.
 *
 * @throws CliError for a file that is not there, is not an image, or is cut off
 */
export function measureImage(path: string, name: string): Promise<{ width: number; height: number }> {
  return withImage(path, name, async (image) => {
    const { width, height } = await sizeOf(image)
    // Into one pixel, so that a photograph is never whole in memory. Not stats(): it takes a third of cut files for whole.
    await image.resize(1, 1, { fit: 'fill' }).raw().toBuffer()
    return { width, height }
  })
}

const sha256 = (file: Uint8Array): string => createHash('sha256').update(file).digest('hex')

/** Turned as its EXIF data says. */
const sizeOf = async (image: Sharp): Promise<{ width: number; height: number }> => (await image.metadata()).autoOrient

/** Pixels of one channel, or of red, green and blue, as a PNG. */
export async function encodeImage(pixels: Uint8Array, [height, width, channels]: ImageShape): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp')
  return sharp(pixels, { raw: { width, height, channels: channels === 1 ? 1 : 3 } })
    .toColorspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer()
}

/**
 * The largest picture that is decoded, which `DDNET_MAX_PIXELS` raises.
 *
 * @throws CliError for one that is no number of pixels
 */
function imageLimits(): ImageLimits {
  const given = process.env['DDNET_MAX_PIXELS']
  if (given === undefined || given === '') return {}
  const maxPixels = Number(given)
  if (Number.isSafeInteger(maxPixels) && maxPixels > 0) return { maxPixels }
  throw new CliError(`DDNET_MAX_PIXELS=${given}: expected a number of pixels, as in DDNET_MAX_PIXELS=200000000`)
}

/** @throws CliError naming the file that is not there, or is not an image */
async function withImage<T>(
  path: string,
  name: string,
  use: (image: Sharp, file: Uint8Array) => Promise<T>,
): Promise<T> {
  const file = await readBytes(path).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      `cannot read the image ${name}: ${whyUnreadable(error.code, path)}. Give the paths of image files.`,
      undefined,
      {
        cause: error,
      },
    )
  })
  try {
    return await openImage(file, name, (image) => use(image, file), imageLimits())
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error
    throw new CliError(error.message, undefined, { cause: error })
  }
}

/** A file, or what a pipe gives: no more than one byte above what is decoded, since a device has no end. */
async function readBytes(path: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of createReadStream(path, { end: maxImageBytes, highWaterMark: 2 ** 20 })) chunks.push(chunk)
  return Buffer.concat(chunks)
}
