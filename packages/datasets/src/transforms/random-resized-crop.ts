import { type Key, random } from '@ddnet/ops'
import type { ImageTransform } from '../map.ts'
import { sizeOfSample } from './change-fields.ts'
import { crop, type Window } from './crop.ts'
import { roundHalfToEven } from './pixels.ts'
import { expectInterval, type Interval, within } from './ranges.ts'
import { requireKey } from './require-key.ts'
import { resizeTo } from './resize.ts'
import { type Sides, sidesOf } from './sides.ts'

const TRIES = 10

export interface RandomResizedCropOptions {
  /** Of the area of the image: `[0.08, 1]` by default. */
  readonly scale?: Interval
  /** Width over height, drawn evenly in its logarithm: `[3 / 4, 4 / 3]` by default. */
  readonly ratio?: Interval
  readonly antialias?: boolean
}

/**
 * A random part of the image, of random size and proportions, resized to `size` or `[height, width]`.
 * If ten draws do not fit into the image, its middle is taken, as large as `ratio` allows.
 *
 * @see torchvision.transforms.v2.RandomResizedCrop; Szegedy et al. 2015, "Going deeper with convolutions"
 * @example map(photos, randomResizedCrop(224), randomHorizontalFlip())
 */
export function randomResizedCrop(
  size: Sides,
  { scale = [0.08, 1], ratio = [3 / 4, 4 / 3], antialias = true }: RandomResizedCropOptions = {},
): ImageTransform {
  const sides = sidesOf('randomResizedCrop', size)
  expectInterval('randomResizedCrop', 'scale', scale, 0, 1)
  expectInterval('randomResizedCrop', 'ratio', ratio, Number.MIN_VALUE)
  return (sample, options) => {
    const key = requireKey('randomResizedCrop', options)
    const window = drawWindow(key, sizeOfSample('randomResizedCrop', sample), { scale, ratio })
    return resizeTo(crop(sample, window), sides, antialias)
  }
}

export function drawWindow(
  key: Key,
  [inHeight, inWidth]: readonly [number, number],
  { scale, ratio }: { scale: Interval; ratio: Interval },
): Window {
  const logRatio: Interval = [Math.log(ratio[0]), Math.log(ratio[1])]
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const [u, v, down, right] = random.uniformValues(key.fold(attempt), 4) as unknown as [
      number,
      number,
      number,
      number,
    ]
    const area = inHeight * inWidth * within(scale, u)
    const aspect = Math.exp(within(logRatio, v))
    const width = roundHalfToEven(Math.sqrt(area * aspect))
    const height = roundHalfToEven(Math.sqrt(area / aspect))
    if (width < 1 || height < 1 || width > inWidth || height > inHeight) continue
    const top = Math.floor(down * (inHeight - height + 1))
    const left = Math.floor(right * (inWidth - width + 1))
    return { top, left, height, width }
  }
  const own = inWidth / inHeight
  const width = own > ratio[1] ? roundHalfToEven(inHeight * ratio[1]) : inWidth
  const height = own < ratio[0] ? roundHalfToEven(inWidth / ratio[0]) : inHeight
  return { top: Math.floor((inHeight - height) / 2), left: Math.floor((inWidth - width) / 2), height, width }
}
