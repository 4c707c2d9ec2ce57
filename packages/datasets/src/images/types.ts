import type { ImageShape } from '../dataset.ts'

/** RGB bytes, `[height, width, 3]`. */
export interface DecodedImage {
  readonly image: Uint8Array
  readonly shape: ImageShape
}
