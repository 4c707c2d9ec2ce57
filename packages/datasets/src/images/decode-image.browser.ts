import { errorMessage } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import type { ImageField } from '../fields.ts'
import { checkImage } from './check-image.ts'
import { decodeBmp } from './decode-bmp.ts'
import { expectPixels, type ImageLimits } from './limits.ts'
import { isOnSide, orientationOf, turnedPixels, withoutOrientation } from './orientation.ts'

/** An image file as RGB bytes: turned as its EXIF data says, on white where it is transparent. */
export async function decodeImage(
  file: Uint8Array,
  path: string,
  limits: ImageLimits = {},
): Promise<ImageField<Uint8Array>> {
  const { format, bytes } = await checkImage(file, path, limits)
  if (format === 'BMP') return decodeBmp(bytes, path, limits)
  let bitmap: ImageBitmap
  try {
    // Turned below, for browsers turn JPEGs, some of them PNGs, and few of them WebP.
    bitmap = await createImageBitmap(new Blob([new Uint8Array(withoutOrientation(bytes))]))
  } catch (error) {
    throw new DatasetError(
      `${path} is a ${format} that is damaged, or that this browser does not read: ${errorMessage(error)} Replace it, or take it out.`,
      { cause: error, path },
    )
  }
  try {
    const { width, height } = bitmap
    expectPixels(width, height, path, limits)
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
    if (!context) throw new DatasetError(`${path}: this browser gave no canvas to decode images on`, { path })
    context.fillStyle = 'white'
    context.fillRect(0, 0, width, height)
    context.drawImage(bitmap, 0, 0)
    const pixels = withoutAlpha(context.getImageData(0, 0, width, height).data)
    const orientation = orientationOf(bytes)
    const shape = isOnSide(orientation) ? ([width, height, 3] as const) : ([height, width, 3] as const)
    return { kind: 'image', data: turnedPixels(pixels, [height, width], orientation, 3), shape }
  } finally {
    bitmap.close()
  }
}

function withoutAlpha(rgba: Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3)
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from] as number
    rgb[to + 1] = rgba[from + 1] as number
    rgb[to + 2] = rgba[from + 2] as number
  }
  return rgb
}
