import { errorCode } from '@ddnet/ops/checks'
import type { Sharp, SharpOptions } from 'sharp'
import { DatasetError } from '../dataset-error.ts'
import { checkImage } from './check-image.ts'
import { decodeBmp } from './decode-bmp.ts'
import { type ImageLimits, pixelLimit, secondLimit } from './limits.ts'

type SharpModule = (file: Uint8Array, options: SharpOptions) => Sharp

/**
 * An image file in sharp, turned as its EXIF data says, for `use` to decode it: every image that browsers show whole,
 * unless damage to its pixels was found, which browsers show as what they could make of it.
 *
 * @throws DatasetError naming the file, what is wrong with it and what to do
 */
export async function openImage<T>(
  file: Uint8Array,
  path: string,
  use: (image: Sharp) => Promise<T>,
  limits: ImageLimits = {},
): Promise<T> {
  const { format, bytes } = await checkImage(file, path, limits)
  const sharp = await loadSharp()
  const seconds = secondLimit(limits)
  try {
    if (format === 'BMP') {
      const { data, shape } = decodeBmp(bytes, path, limits) // which sharp does not read
      return await use(sharp(data, { raw: { height: shape[0], width: shape[1], channels: 3 } }).timeout({ seconds }))
    }
    // Every warning is an error: a cut JPEG is one to libjpeg, and what else it warns of was repaired.
    const image = sharp(bytes, { limitInputPixels: pixelLimit(limits), failOn: 'warning', pages: 1 })
    return await use(image.timeout({ seconds }).rotate())
  } catch (error) {
    if (error instanceof DatasetError) throw error
    throw new DatasetError(`${path} is ${wordsFor(error as Error, format, seconds)}`, { cause: error, path })
  }
}

function wordsFor({ message }: Error, format: string, seconds: number): string {
  if (/timeout/.test(message))
    return `a ${format} that takes longer than ${seconds} seconds to decode. Make it smaller.`
  if (/exceeds pixel limit/.test(message)) {
    return `a ${format} of more pixels than are allowed. Make it smaller, or allow it by the option maxPixels, which is DDNET_MAX_PIXELS for the command.`
  }
  // Of a file that it has met before, libvips may say no more than that something is wrong.
  const told = message.split('\n').filter((line) => !/^$|^Warning treated as error/.test(line))
  const reason = told.length === 0 ? '' : `: ${[...new Set(told)].join(', ').replace(/[:.]$/, '')}`
  return `a ${format} that is damaged or cut off${reason}. Replace it, or take it out.`
}

/** Loaded only here: it is large, and only image files need it. */
async function loadSharp(): Promise<SharpModule> {
  try {
    return (await import('sharp')).default
  } catch (error) {
    if (errorCode(error) === 'ERR_MODULE_NOT_FOUND') {
      throw new DatasetError('Decoding images needs sharp, which is not installed. Run: npm install sharp', {
        cause: error,
      })
    }
    throw error // its own words say what its binary lacks
  }
}
