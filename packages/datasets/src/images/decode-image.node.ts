import type { Sharp } from 'sharp'
import { DatasetError } from '../dataset-error.ts'
import { expectPixels, MOST_PIXELS } from './limits.ts'
import type { DecodedImage } from './types.ts'

type SharpModule = (file: Uint8Array, options: { limitInputPixels: number }) => Sharp

/** An image file as RGB bytes: turned as its EXIF data says, on white where it is transparent. */
export async function decodeImage(file: Uint8Array, path: string): Promise<DecodedImage> {
  const sharp = await loadSharp()
  try {
    const image = sharp(file, { limitInputPixels: MOST_PIXELS })
    const { width, height } = await image.metadata()
    expectPixels(width, height, path)
    const { data, info } = await image
      .rotate()
      .flatten({ background: 'white' })
      .toColorspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true })
    return { image: new Uint8Array(data.buffer, data.byteOffset, data.length), shape: [info.height, info.width, 3] }
  } catch (error) {
    if (error instanceof DatasetError) throw error
    const [reason] = (error as Error).message.split('\n')
    throw new DatasetError(
      `${path} is damaged, or no image: ${reason}. Expected a JPEG, PNG, WebP, GIF, AVIF, TIFF or SVG. Replace it, or take it out.`,
      { cause: error, path },
    )
  }
}

/** Loaded only here: it is large, and only image files need it. */
async function loadSharp(): Promise<SharpModule> {
  try {
    return (await import('sharp')).default
  } catch (error) {
    throw new DatasetError('Decoding images needs sharp, which is not installed. Run: npm install sharp', {
      cause: error,
    })
  }
}
