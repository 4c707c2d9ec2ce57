import type { Picture } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import type { PictureTransform } from '../map.ts'
import { moveBoxes } from './boxes.ts'
import { zerosLike } from './pixels.ts'
import { resample } from './resample.ts'
import { type Sides, sidesOf } from './sides.ts'

export interface ResizeOptions {
  /** Average where the image shrinks: true by default. */
  readonly antialias?: boolean
  /** With one number as the size: the most that the longer side may become; the shorter one gives way. */
  readonly maxSize?: number
}

/**
 * Bilinear resize to `[height, width]`; one number is the shorter side, and the proportions stay. Bytes stay bytes,
 * rounded; floats stay floats. A mask takes the nearest pixel, boxes move with the image.
 *
 * @see torchvision.transforms.v2.Resize
 * @example map(photos, resize(256), centerCrop(224), normalize({ mean: 0.5, std: 0.5 }))
 */
export function resize(size: Sides, { antialias = true, maxSize }: ResizeOptions = {}): PictureTransform {
  sidesOf('resize', size)
  if (maxSize !== undefined && (typeof size !== 'number' || !(maxSize > size))) {
    throw new DatasetError(
      `resize: expected maxSize with one number as the size, and above it, got ${maxSize} for ${JSON.stringify(size)}`,
    )
  }
  return (sample) => {
    const sides = typeof size === 'number' ? shorterSideTo(size, sample.shape, maxSize) : size
    return resizeTo(sample, sides, antialias)
  }
}

function shorterSideTo(
  size: number,
  [height, width]: readonly [number, number, number],
  maxSize: number | undefined,
): readonly [number, number] {
  let short = size
  let long = Math.trunc((size * Math.max(height, width)) / Math.min(height, width))
  if (maxSize !== undefined && long > maxSize) {
    short = Math.max(1, Math.trunc((maxSize * short) / long))
    long = maxSize
  }
  return width <= height ? [long, short] : [short, long]
}

export function resizeTo<S extends Picture>(
  sample: S,
  sides: readonly [height: number, width: number],
  antialias: boolean,
): S {
  const { image, shape, mask, boxes } = sample
  const [inHeight, inWidth, channels] = shape
  const [height, width] = sides
  if (height === inHeight && width === inWidth) return sample
  return {
    ...sample,
    image: resample(image, shape, sides, antialias),
    shape: [height, width, channels],
    ...(mask && { mask: nearest(mask, shape, sides) }),
    ...(boxes && { boxes: moveBoxes(boxes, sides, (x, y) => [(x * width) / inWidth, (y * height) / inHeight]) }),
  }
}

/** Output position `i` reads at `⌊i · in / out⌋`. @see torch.nn.functional.interpolate(mode='nearest') */
function nearest<M extends Uint8Array | Int32Array>(
  mask: M,
  [inHeight, inWidth]: readonly [number, number, number],
  [height, width]: readonly [number, number],
): M {
  const resized = zerosLike(mask, height * width)
  const columns = Uint32Array.from({ length: width }, (_, x) => Math.floor((x * inWidth) / width))
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * inHeight) / height) * inWidth
    for (let x = 0; x < width; x++) resized[y * width + x] = mask[row + (columns[x] as number)] as number
  }
  return resized
}
