import type { ImageTransform } from '../map.ts'
import { flipVertically } from './flip.ts'
import { expectProbability } from './ranges.ts'
import { requireKey } from './require-key.ts'

/**
 * Turns the image upside down with `probability`.
 *
 * @see torchvision.transforms.v2.RandomVerticalFlip
 */
export function randomVerticalFlip({ probability = 0.5 }: { readonly probability?: number } = {}): ImageTransform {
  expectProbability('randomVerticalFlip', probability)
  return (sample, options) => {
    const word = requireKey('randomVerticalFlip', options).bits(1)[0] as number
    return word < probability * 2 ** 32 ? flipVertically(sample) : sample
  }
}
