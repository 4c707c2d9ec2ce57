import { random } from '@ddnet/ops'
import type { ImageTransform } from '../map.ts'
import { changeImages } from './change-fields.ts'
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation, expectColors } from './color.ts'
import { expectInterval, type Interval, within } from './ranges.ts'
import { requireKey } from './require-key.ts'

export interface ColorJitterOptions {
  /** The factor is drawn from `[max(0, 1 − brightness), 1 + brightness]`, or from a range. */
  readonly brightness?: number | Interval
  readonly contrast?: number | Interval
  readonly saturation?: number | Interval
  /** The turn is drawn from `[−hue, hue]` of the circle, at most ½, or from a range. */
  readonly hue?: number | Interval
}

/**
 * Changes brightness, contrast, saturation and hue by random factors, in random order. What is not given stays.
 *
 * @throws DatasetError unless the image is grey or RGB
 * @see torchvision.transforms.v2.ColorJitter
 */
export function colorJitter({
  brightness = 0,
  contrast = 0,
  saturation = 0,
  hue = 0,
}: ColorJitterOptions): ImageTransform {
  const factors = { brightness, contrast, saturation }
  for (const [name, factor] of Object.entries(factors)) expectInterval('colorJitter', name, about(1, factor), 0)
  expectInterval('colorJitter', 'hue', about(0, hue), -0.5, 0.5)
  const steps = [
    { range: about(1, brightness), adjust: adjustBrightness, rest: 1 },
    { range: about(1, contrast), adjust: adjustContrast, rest: 1 },
    { range: about(1, saturation), adjust: adjustSaturation, rest: 1 },
    { range: about(0, hue), adjust: adjustHue, rest: 0 },
  ]
  return (sample, options) => {
    const key = requireKey('colorJitter', options)
    const shares = random.uniformValues(key.fold(0), steps.length)
    const order = random.permutation(key.fold(1), steps.length)
    return changeImages('colorJitter', sample, (image) => {
      expectColors('colorJitter', image.shape)
      let { data } = image
      for (const index of order) {
        const { range, adjust, rest } = steps[index] as (typeof steps)[number]
        if (range[0] === rest && range[1] === rest) continue
        data = adjust(data, image.shape, within(range, shares[index] as number))
      }
      return { ...image, data }
    })
  }
}

const about = (center: number, amount: number | Interval): Interval =>
  typeof amount === 'number' ? [center === 0 ? -amount : Math.max(0, center - amount), center + amount] : amount
