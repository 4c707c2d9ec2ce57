import { readFile } from 'node:fs/promises'
import type { Sample } from '@ddnet/datasets'
import type { Sharp } from 'sharp'
import { CliError } from './errors.ts'

/**
 * An image file of any kind and size as RGB of `size × size` pixels: its middle, cut to a square and scaled.
 *
 * @param name how errors name it
 * @throws CliError for a file that is not there, or is not an image
 */
export function readImage(
  path: string,
  size: number,
  name: string = path,
): Promise<Sample & { width: number; height: number }> {
  return withImage(path, name, async (image) => {
    const { width, height } = await sizeOf(image)
    const pixels = await image
      .flatten({ background: 'white' }) // what is transparent
      .resize(size, size, { fit: 'cover' })
      .toColorspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer()
    return { image: new Uint8Array(pixels), shape: [size, size, 3], label: -1, width, height }
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

/** @throws CliError naming the file that is not there, or is not an image */
async function withImage<T>(path: string, name: string, use: (image: Sharp) => Promise<T>): Promise<T> {
  let file: Buffer
  try {
    file = await readFile(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : code
    throw new CliError(`cannot read the image ${name}: ${problem}. Give the paths of image files.`, undefined, {
      cause: error,
    })
  }
  // Loaded only here: it is large, and only images in files need it.
  const { default: sharp } = await import('sharp')
  try {
    return await use(sharp(file).rotate()) // as its EXIF data says
  } catch (error) {
    throw new CliError(
      `${name} is not an image that can be read: ${damageOf(error as Error)}. PNG, JPEG, WebP, GIF, AVIF, TIFF and SVG can.`,
      undefined,
      { cause: error },
    )
  }
}

/** What sharp says in one line. Of a file that it has met before it may say no more than that something is wrong. */
function damageOf({ message }: Error): string {
  const told = new Set(message.split('\n').filter((line) => !/^$|^Warning treated as error/.test(line)))
  return told.size === 0 ? 'it is damaged or cut off' : [...told].join(', ').replace(/[:.]$/, '')
}
