import type { ImageTransform } from '../map.ts'
import { flipHorizontally } from './flip.ts'
import { expectProbability } from './ranges.ts'
import { requireKey } from './require-key.ts'

/**
 * Mirrors the image left to right with `probability`.
 *
 * @see torchvision.transforms.v2.RandomHorizontalFlip
 */
export function randomHorizontalFlip({ probability = 0.5 }: { readonly probability?: number } = {}): ImageTransform {
  expectProbability('randomHorizontalFlip', probability)
  return (sample, options) => {
    const word = requireKey('randomHorizontalFlip', options).bits(1)[0] as number
    return word < probability * 2 ** 32 ? flipHorizontally(sample) : sample
  }
}
