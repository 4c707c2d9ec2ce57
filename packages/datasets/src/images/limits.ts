import { DatasetError } from '../dataset-error.ts'

/** As many pixels as Pillow takes without a warning: 268 MB as RGB. */
export const MOST_PIXELS = 89_478_485

/** @throws DatasetError for an image whose header promises more pixels than anybody trains on */
export function expectPixels(width: number, height: number, path: string): void {
  if (width >= 1 && height >= 1 && width * height <= MOST_PIXELS) return
  throw new DatasetError(
    `${path} says that it has ${width}×${height} pixels: expected 1 … ${MOST_PIXELS}. It is damaged, or must be made smaller.`,
    { path },
  )
}
