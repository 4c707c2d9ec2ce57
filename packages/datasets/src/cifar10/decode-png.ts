import { DatasetError } from '../dataset-error.ts'
import { decodePng as decodeAnyPng } from '../images/decode-png.ts'

export interface PngExpectation {
  readonly width: number
  readonly height: number
  readonly path: string
  readonly remedy: string
}

/**
 * The pixels `[height, width, 3]` of a PNG, its checksums verified.
 *
 * @throws DatasetError naming the file if it does not decode, or is not RGB with 8 bits of the expected size
 */
export async function decodePng(
  file: Uint8Array,
  { width, height, path, remedy }: PngExpectation,
): Promise<Uint8Array> {
  const png = await decodeAnyPng(file, path).catch((error: Error) => {
    throw new DatasetError(`${error.message} ${remedy}`, { cause: error, path })
  })
  const { data, channels, depth } = png
  if (png.width !== width || png.height !== height || channels !== 3 || depth !== 8) {
    throw new DatasetError(
      `${path}: expected ${width}×${height} RGB pixels of 8 bits, ` +
        `got ${png.width}×${png.height} with ${channels} channels of ${depth} bits${png.palette ? ' and a palette' : ''}. ${remedy}`,
    )
  }
  return data as Uint8Array // 8 bits
}
