import { type Key, random } from '@ddnet/ops'
import type { Dataset } from '../dataset.ts'
import type { ImageField, MaskField } from '../fields.ts'
import { beta } from './beta.ts'
import { cutWithZeros, type Window } from './crop.ts'
import { type Classes, type Mixed, type MixOptions, mixSamples } from './mix.ts'
import { toFloat } from './to-float.ts'

/**
 * Replaces a rectangle of each image by that of another one, and mixes their labels by area. The rectangle has the share
 * `1 − λ` of the image, λ from Beta(alpha, alpha), about a random point, cut at the edges. Labels, which are the fields that
 * are numbers, become probabilities `[batch, classes]`, which `crossEntropy` takes; of a mask the same rectangle is replaced. Other
 * fields stay those of the sample itself. Two samples are read for one.
 *
 * @throws DatasetError for samples with boxes, which cannot be mixed
 * @see torchvision.transforms.v2.CutMix; Yun et al. 2019, "CutMix: Regularization Strategy to Train Strong Classifiers"; of masks French et
 *   al. 2019, "Semi-supervised semantic segmentation needs strong, varied perturbations"
 * @example cutMix(segmented, { classes: {} }) // images and masks, of which no other field is a class
 */
export const cutMix = <S extends object, const C extends Classes>(
  dataset: Dataset<S>,
  options: MixOptions<C>,
): Dataset<Mixed<S, C>> =>
  mixSamples('cutMix', dataset, options, ([height, width], alpha, key) => {
    const window = drawWindow(key, [height, width], beta(key.fold(0), alpha))
    return {
      share: 1 - (window.height * window.width) / (height * width),
      images: (own, other) => paste(own, other, window),
      masks: (own, other) => pasteMask(own, other, window),
    }
  })

function drawWindow(key: Key, [height, width]: readonly [number, number], lambda: number): Window {
  const half = 0.5 * Math.sqrt(1 - lambda)
  return windowAbout(random.integer(key.fold(1), width), random.integer(key.fold(2), height), half, [height, width])
}

/** The window about a point whose sides are `2 · half` of the image's, cut at its edges. */
export function windowAbout(x: number, y: number, half: number, [height, width]: readonly [number, number]): Window {
  const left = Math.max(0, x - Math.trunc(half * width))
  const top = Math.max(0, y - Math.trunc(half * height))
  const right = Math.min(width, x + Math.trunc(half * width))
  const bottom = Math.min(height, y + Math.trunc(half * height))
  return { top, left, height: bottom - top, width: right - left }
}

export function paste(own: ImageField, other: ImageField, window: Window): ImageField['data'] {
  const bothBytes = own.data instanceof Uint8Array && other.data instanceof Uint8Array
  const pasted = bothBytes ? own.data.slice() : toFloat(own.data).slice()
  const [, width, channels] = own.shape
  const part = cutWithZeros(bothBytes ? other.data : toFloat(other.data), other.shape, window)
  const row = window.width * channels
  for (let y = 0; y < window.height; y++) {
    pasted.set(part.subarray(y * row, (y + 1) * row), ((window.top + y) * width + window.left) * channels)
  }
  return pasted
}

function pasteMask(own: MaskField, other: MaskField, { top, left, height, width }: Window): MaskField['data'] {
  const pasted = Int32Array.from(own.data)
  const [, columns] = own.shape
  for (let y = top; y < top + height; y++) {
    const at = y * columns + left
    pasted.set(other.data.subarray(at, at + width), at)
  }
  return pasted
}
