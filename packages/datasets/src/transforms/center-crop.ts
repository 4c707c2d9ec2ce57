import type { ImageTransform } from '../map.ts'
import { sizeOfSample } from './change-fields.ts'
import { crop } from './crop.ts'
import { roundHalfToEven } from './pixels.ts'
import { type Sides, sidesOf } from './sides.ts'

/**
 * The middle of the image, `size` or `[height, width]` pixels of it; a smaller image gets a frame of zeros.
 *
 * @see torchvision.transforms.v2.CenterCrop
 */
export function centerCrop(size: Sides): ImageTransform {
  const [height, width] = sidesOf('centerCrop', size)
  return (sample) => {
    const [inHeight, inWidth] = sizeOfSample('centerCrop', sample)
    return crop(sample, { top: offset(inHeight, height), left: offset(inWidth, width), height, width })
  }
}

const offset = (inside: number, outside: number): number =>
  outside > inside ? -Math.floor((outside - inside) / 2) : roundHalfToEven((inside - outside) / 2)
