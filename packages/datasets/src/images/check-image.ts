import { DatasetError } from '../dataset-error.ts'
import { checkGif } from './check-gif.ts'
import { checkJpeg } from './check-jpeg.ts'
import { checkPng } from './check-png.ts'
import { checkTiff } from './check-tiff.ts'
import { checkWebp } from './check-webp.ts'
import { type ImageFormat, imageFormat } from './image-format.ts'
import type { ImageLimits } from './limits.ts'

export interface CheckedImage {
  readonly format: ImageFormat
  /** What is to be decoded: the file, or a copy with what browsers pass over repaired. */
  readonly bytes: Uint8Array
}

/** Bytes of a file that is decoded: an uncompressed RGB image of as many pixels as are allowed by default. */
export const maxImageBytes: number = 2 ** 28

/**
 * Looks at an image file before anything decodes it: it must be of a format that is meant, whatever its name says, and
 * promise no more pixels, passes and colour profiles than there may be.
 *
 * @throws DatasetError naming the file, what is wrong with it and what to do
 */
export async function checkImage(file: Uint8Array, path: string, limits: ImageLimits = {}): Promise<CheckedImage> {
  if (file.length > maxImageBytes) {
    throw new DatasetError(
      `${path} has more than ${maxImageBytes} bytes, which no image has that is decoded. Make it smaller.`,
      {
        path,
      },
    )
  }
  const format = imageFormat(file, path)
  if (format === 'JPEG') return { format, bytes: checkJpeg(file, path, limits) }
  if (format === 'PNG') return { format, bytes: (await checkPng(file, path, limits)).bytes }
  if (format === 'GIF') return { format, bytes: checkGif(file, path, limits) }
  if (format === 'WebP') checkWebp(file, path, limits)
  if (format === 'TIFF') checkTiff(file, path, limits)
  return { format, bytes: file }
}
