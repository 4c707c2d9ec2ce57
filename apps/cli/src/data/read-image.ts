import { createReadStream } from 'node:fs'
import { type ClassificationSample, DatasetError, type ImageField, type ImageLimits } from '@ddnet/datasets'
import { maxImageBytes, openImage } from '@ddnet/datasets/node'
import type { Sharp } from 'sharp'
import { CliError, whyUnreadable } from '../errors.ts'

/** An image of no known class, and its size in its file. */
export interface ReadImage extends ClassificationSample {
  readonly image: ImageField<Uint8Array>
  readonly width: number
  readonly height: number
}

/**
 * An image file of any kind and size as RGB of `size × size` pixels: its middle, cut to a square and scaled.
 *
 * @param name how errors name it
 * @throws CliError for a file that is not there, or is not an image
 */
export function readImage(path: string, size: number, name: string = path): Promise<ReadImage> {
  return withImage(path, name, async (image) => {
    const { width, height } = await sizeOf(image)
    const pixels = await image
      .flatten({ background: 'white' }) // what is transparent
      .resize(size, size, { fit: 'cover' })
      .toColorspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer()
    return {
      image: { kind: 'image', data: new Uint8Array(pixels), shape: [size, size, 3] },
      label: -100,
      width,
      height,
    }
  })
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

/** Turned as its EXIF data says. */
const sizeOf = async (image: Sharp): Promise<{ width: number; height: number }> => (await image.metadata()).autoOrient

/** `size × size` RGB pixels as a PNG. */
export async function encodeSquare(pixels: Uint8Array, size: number): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp')
  return sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
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
async function withImage<T>(path: string, name: string, use: (image: Sharp) => Promise<T>): Promise<T> {
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
    return await openImage(file, name, use, imageLimits())
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
