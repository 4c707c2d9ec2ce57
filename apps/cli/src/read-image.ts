import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Sample } from '@ddnet/datasets'
import { CliError } from './errors.ts'

/** An image file of any kind and size as RGB of `size × size` pixels: its middle, cut to a square and scaled. */
export async function readImage(path: string, size: number): Promise<Sample & { width: number; height: number }> {
  let file: Buffer
  try {
    file = await readFile(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : code
    throw new CliError(`cannot read the image ${path}: ${problem}. Give the paths of image files.`, undefined, {
      cause: error,
    })
  }
  // Loaded only here: it is large, and only predictions on files need it.
  const { default: sharp } = await import('sharp')
  try {
    const image = sharp(file).rotate() // as its EXIF data says
    const { width, height } = await image.metadata()
    const pixels = await image
      .flatten({ background: 'white' }) // what is transparent
      .resize(size, size, { fit: 'cover' })
      .toColorspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer()
    return { image: new Uint8Array(pixels), shape: [size, size, 3], label: -1, width, height }
  } catch (error) {
    throw new CliError(
      `${basename(path)} is not an image that can be read: ${(error as Error).message}. PNG, JPEG, WebP, GIF, AVIF, TIFF and SVG can.`,
      undefined,
      { cause: error },
    )
  }
}
