import { type DecodedPng, decode } from 'fast-png'
import { DatasetError } from '../dataset-error.ts'
import { checkPng } from '../images/check-png.ts'

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
export function decodePng(file: Uint8Array, { width, height, path, remedy }: PngExpectation): Uint8Array {
  let png: DecodedPng
  try {
    checkPng(file, path)
    png = decode(file, { checkCrc: true })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new DatasetError(`${path} is damaged: it does not decode as PNG (${reason}). ${remedy}`, { cause: error })
  }
  const { data, channels, depth } = png
  const fits = png.width === width && png.height === height && channels === 3 && depth === 8 && !png.palette
  if (!fits || data.length !== width * height * 3 || !(data instanceof Uint8Array)) {
    throw new DatasetError(
      `${path}: expected ${width}×${height} RGB pixels of 8 bits, ` +
        `got ${png.width}×${png.height} with ${channels} channels of ${depth} bits${png.palette ? ' and a palette' : ''}. ${remedy}`,
    )
  }
  return data
}
