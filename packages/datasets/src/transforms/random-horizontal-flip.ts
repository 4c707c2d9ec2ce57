import type { Sample } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'
import type { Transform } from '../map.ts'
import { requireKey } from './require-key.ts'

/**
 * Mirrors the image left to right with `probability`.
 *
 * @see torchvision.transforms.RandomHorizontalFlip
 */
export function randomHorizontalFlip({ probability = 0.5 }: { readonly probability?: number } = {}): Transform<Sample> {
  if (!(probability >= 0 && probability <= 1)) {
    throw new DatasetError(`randomHorizontalFlip: expected a probability in 0 … 1, got ${probability}`)
  }
  return (sample, options) => {
    const word = requireKey('randomHorizontalFlip', options).bits(1)[0] as number
    return word < probability * 2 ** 32 ? { ...sample, image: mirror(sample) } : sample
  }
}

function mirror({ image, shape: [height, width, channels] }: Sample): Sample['image'] {
  const mirrored = image.slice()
  const row = width * channels
  for (let start = 0; start < height * row; start += row) {
    for (let channel = 0; channel < channels; channel++) {
      let from = start + channel
      for (let to = start + row - channels + channel; to >= start; to -= channels, from += channels) {
        mirrored[to] = image[from] as number
      }
    }
  }
  return mirrored
}
