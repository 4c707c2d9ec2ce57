import { DatasetError } from '../dataset-error.ts'

/** As many pixels as Pillow takes without a warning: 268 MB as RGB. */
const MAX_PIXELS = 89_478_485

/** What one image may take. */
export interface ImageLimits {
  /** Pixels that its header may promise: 89,478,485 by default, as many as Pillow takes without a warning. */
  readonly maxPixels?: number
  /** Whole seconds that sharp may take to decode it, in Node: 60 by default, at most 3600. */
  readonly maxSeconds?: number
}

/** @throws DatasetError for a limit that is not a number of pixels */
export function pixelLimit({ maxPixels = MAX_PIXELS }: ImageLimits): number {
  if (Number.isSafeInteger(maxPixels) && maxPixels >= 1) return maxPixels
  throw new DatasetError(`decodeImage: expected maxPixels to be a whole number from 1, got ${maxPixels}.`)
}

/** @throws DatasetError for a limit that sharp does not keep */
export function secondLimit({ maxSeconds = 60 }: ImageLimits): number {
  if (Number.isInteger(maxSeconds) && maxSeconds >= 1 && maxSeconds <= 3600) return maxSeconds
  throw new DatasetError(`decodeImage: expected maxSeconds to be a whole number in 1 … 3600, got ${maxSeconds}.`)
}

/** @throws DatasetError for limits that cannot be kept, before any image is looked at */
export function checkLimits(limits: ImageLimits): void {
  pixelLimit(limits)
  secondLimit(limits)
}

/** @throws DatasetError for an image whose header promises more pixels than anybody trains on, or none */
export function expectPixels(width: number, height: number, path: string, limits: ImageLimits = {}): void {
  const most = pixelLimit(limits)
  if (width >= 1 && height >= 1 && width * height <= most) return
  throw new DatasetError(
    `${path} says that it has ${width}×${height} pixels: expected 1 … ${most}. It is damaged, or must be made smaller, ` +
      'or be allowed by the option maxPixels, which is DDNET_MAX_PIXELS for the command.',
    { path },
  )
}
