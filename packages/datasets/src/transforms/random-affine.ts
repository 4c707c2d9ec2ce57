import { random } from '@ddnet/ops'
import { DatasetError } from '../dataset-error.ts'
import type { ImageTransform } from '../map.ts'
import { type AffineSampling, affine } from './affine.ts'
import { sizeOfSample } from './change-fields.ts'
import { roundHalfToEven } from './pixels.ts'
import { expectInterval, type Interval, within } from './ranges.ts'
import { requireKey } from './require-key.ts'

export interface RandomAffineOptions extends AffineSampling {
  /** Rotation, clockwise: from −degrees to degrees, or a range. */
  readonly degrees: number | Interval
  /** Shift by up to this share of the width and of the height, each way: none by default. */
  readonly translate?: readonly [x: number, y: number]
  /** Interval of the factor: none by default. */
  readonly scale?: Interval
  /** Shear in degrees: along x from −shear to shear, a range along x, or the ranges along x and y. */
  readonly shear?: number | Interval | readonly [minX: number, maxX: number, minY: number, maxY: number]
}

/**
 * Rotates, shifts, scales and shears about the middle of the image, at random.
 *
 * @see torchvision.transforms.v2.RandomAffine
 * @example map(train, randomAffine({ degrees: 10, translate: [0.1, 0.1], scale: [0.9, 1.1], interpolation: 'bilinear' }))
 */
export function randomAffine(options: RandomAffineOptions): ImageTransform {
  const { translate = [0, 0], scale = [1, 1], interpolation = 'nearest', fill = 0 } = options
  const degrees = symmetric(options.degrees)
  const { shear = 0 } = options
  const [minX, maxX, minY = 0, maxY = 0] = typeof shear === 'number' ? [-shear, shear] : shear
  expectInterval('randomAffine', 'degrees', degrees)
  expectInterval('randomAffine', 'scale', scale, Number.MIN_VALUE)
  expectInterval('randomAffine', 'shear along x', [minX, maxX])
  expectInterval('randomAffine', 'shear along y', [minY, maxY])
  for (const share of translate) {
    if (!(share >= 0 && share <= 1)) {
      throw new DatasetError(`randomAffine: expected translate as shares in 0 … 1, got [${translate}]`)
    }
  }
  return (sample, getOptions) => {
    const key = requireKey('randomAffine', getOptions)
    const [height, width] = sizeOfSample('randomAffine', sample)
    const [angle, x, y, factor, shearX, shearY] = random.uniformValues(key, 6) as unknown as number[] as [
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    const shift = (share: number, size: number, u: number) => roundHalfToEven(within([-share * size, share * size], u))
    return affine(
      sample,
      {
        angle: within(degrees, angle),
        translate: [shift(translate[0], width, x), shift(translate[1], height, y)],
        scale: within(scale, factor),
        shear: [within([minX, maxX], shearX), within([minY, maxY], shearY)],
      },
      { interpolation, fill },
    )
  }
}

const symmetric = (range: number | Interval): Interval => (typeof range === 'number' ? [-range, range] : range)
