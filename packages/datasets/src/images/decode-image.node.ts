import type { ImageField } from '../fields.ts'
import type { ImageLimits } from './limits.ts'
import { openImage } from './open-image.node.ts'

/** An image file as RGB bytes: turned as its EXIF data says, on white where it is transparent. */
export function decodeImage(file: Uint8Array, path: string, limits: ImageLimits = {}): Promise<ImageField<Uint8Array>> {
  return openImage(
    file,
    path,
    async (opened) => {
      const { data, info } = await opened
        .flatten({ background: 'white' })
        .toColorspace('srgb')
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true })
      return {
        kind: 'image',
        data: new Uint8Array(data.buffer, data.byteOffset, data.length),
        shape: [info.height, info.width, 3],
      }
    },
    limits,
  )
}
