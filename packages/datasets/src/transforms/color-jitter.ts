import { random } from '@ddnet/ops'
import type { PictureTransform } from '../map.ts'
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation, expectColors } from './color.ts'
import { expectRange, type Range, within } from './ranges.ts'
import { requireKey } from './require-key.ts'

export interface ColorJitterOptions {
  /** The factor is drawn from `[max(0, 1 − brightness), 1 + brightness]`, or from a range. */
  readonly brightness?: number | Range
  readonly contrast?: number | Range
  readonly saturation?: number | Range
  /** The turn is drawn from `[−hue, hue]` of the circle, at most ½, or from a range. */
  readonly hue?: number | Range
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
}: ColorJitterOptions): PictureTransform {
  const factors = { brightness, contrast, saturation }
  for (const [name, factor] of Object.entries(factors)) expectRange('colorJitter', name, about(1, factor), 0)
  expectRange('colorJitter', 'hue', about(0, hue), -0.5, 0.5)
  const steps = [
    { range: about(1, brightness), adjust: adjustBrightness, rest: 1 },
    { range: about(1, contrast), adjust: adjustContrast, rest: 1 },
    { range: about(1, saturation), adjust: adjustSaturation, rest: 1 },
    { range: about(0, hue), adjust: adjustHue, rest: 0 },
  ]
  return (sample, options) => {
    const key = requireKey('colorJitter', options)
    expectColors('colorJitter', sample.shape)
    const shares = random.uniformValues(key.fold(0), steps.length)
    let { image } = sample
    for (const index of random.permutation(key.fold(1), steps.length)) {
      const { range, adjust, rest } = steps[index] as (typeof steps)[number]
      if (range[0] === rest && range[1] === rest) continue
      image = adjust(image, sample.shape, within(range, shares[index] as number))
    }
    return { ...sample, image }
  }
}

const about = (center: number, amount: number | Range): Range =>
  typeof amount === 'number' ? [center === 0 ? -amount : Math.max(0, center - amount), center + amount] : amount
