import { DatasetError } from '../dataset-error.ts'
import { isBoxes } from '../fields.ts'
import type { ImageTransform } from '../map.ts'
import { moveBoxes } from './boxes.ts'
import { changeFields, sizeOfSample } from './change-fields.ts'
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
export function resize(size: Sides, { antialias = true, maxSize }: ResizeOptions = {}): ImageTransform {
  sidesOf('resize', size)
  if (maxSize !== undefined && (typeof size !== 'number' || !(maxSize > size))) {
    throw new DatasetError(
      `resize: expected maxSize with one number as the size, and above it, got ${maxSize} for ${JSON.stringify(size)}`,
    )
  }
  return (sample) => {
    const sides = typeof size === 'number' ? shorterSideTo(size, sizeOfSample('resize', sample), maxSize) : size
    return resizeTo(sample, sides, antialias)
  }
}

function shorterSideTo(
  size: number,
  [height, width]: readonly [number, number],
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

/** Also of images and masks that differ in size: each is brought to `sides`; boxes belong to the first one. */
export function resizeTo<S extends object>(
  sample: S,
  sides: readonly [height: number, width: number],
  antialias: boolean,
): S {
  const [height, width] = sides
  const isThere = ([inHeight, inWidth]: readonly number[]) => inHeight === height && inWidth === width
  const boxes = Object.values(sample).some(isBoxes) ? sizeOfSample('resize', sample) : undefined
  return changeFields(sample, {
    image: (image) =>
      isThere(image.shape)
        ? image
        : { ...image, data: resample(image.data, image.shape, sides, antialias), shape: [...sides, image.shape[2]] },
    mask: (mask) =>
      isThere(mask.shape) ? mask : { ...mask, data: nearest(mask.data, mask.shape, sides), shape: sides },
    ...(boxes && {
      boxes: ({ data, ...rest }) => ({
        ...rest,
        data: moveBoxes(data, sides, (x, y) => [(x * width) / boxes[1], (y * height) / boxes[0]]),
      }),
    }),
  })
}

/** Output position `i` reads at `⌊i · in / out⌋`. @see torch.nn.functional.interpolate(mode='nearest') */
function nearest<M extends Uint8Array | Int32Array>(
  mask: M,
  [inHeight, inWidth]: readonly [number, number],
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
