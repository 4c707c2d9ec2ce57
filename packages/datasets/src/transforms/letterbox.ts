import type { ImageTransform } from '../map.ts'
import { sizeOfSample } from './change-fields.ts'
import { crop } from './crop.ts'
import { resizeTo } from './resize.ts'
import { type Sides, sidesOf } from './sides.ts'

/**
 * The whole image as large as it fits into `size` or `[height, width]`, at the top left; what remains at the right or below is zeros.
 * Proportions stay, so that a box is where it was by one factor. Bilinear, as `resize` is.
 *
 * @example map(photos, letterbox(128), normalize({ mean: 0.5, std: 0.5 }))
 */
export function letterbox(size: Sides): ImageTransform {
  const [height, width] = sidesOf('letterbox', size)
  return (sample) => {
    const [inHeight, inWidth] = sizeOfSample('letterbox', sample)
    const scale = Math.min(height / inHeight, width / inWidth)
    const fitted = [Math.max(1, Math.round(inHeight * scale)), Math.max(1, Math.round(inWidth * scale))] as const
    const whole = resizeTo(sample, fitted, true)
    return fitted[0] === height && fitted[1] === width ? whole : crop(whole, { top: 0, left: 0, height, width })
  }
}
