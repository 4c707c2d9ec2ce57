import { type Key, random } from '@ddnet/ops'
import type { Dataset, Picture, Sample, SoftSample } from '../dataset.ts'
import { beta } from './beta.ts'
import { crop, type Window } from './crop.ts'
import { type MixOptions, mixSamples } from './mix.ts'
import { toFloat } from './to-float.ts'

/**
 * Replaces a rectangle of each image by that of another one, and mixes their labels by area. The rectangle has the share
 * `1 − λ` of the image, λ from Beta(alpha, alpha), about a random point, cut at the edges. The labels of a batch are
 * probabilities `[batch, classes]`, which `crossEntropy` takes. Two samples are read for one.
 *
 * @see torchvision.transforms.v2.CutMix; Yun et al. 2019, "CutMix: Regularization Strategy to Train Strong Classifiers"
 */
export const cutMix = (dataset: Dataset<Sample | SoftSample>, options: MixOptions): Dataset<SoftSample> =>
  mixSamples('cutMix', dataset, options, (own, other, alpha, key) => {
    const [height, width] = own.shape
    const window = drawWindow(key, [height, width], beta(key.fold(0), alpha))
    return { image: paste(own, other, window), share: 1 - (window.height * window.width) / (height * width) }
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

export function paste(own: Picture, other: Picture, window: Window): Picture['image'] {
  const bothBytes = own.image instanceof Uint8Array && other.image instanceof Uint8Array
  const image = bothBytes ? own.image.slice() : toFloat(own.image).slice()
  const [, width, channels] = own.shape
  const part = crop({ image: bothBytes ? other.image : toFloat(other.image), shape: other.shape }, window).image
  const row = window.width * channels
  for (let y = 0; y < window.height; y++) {
    image.set(part.subarray(y * row, (y + 1) * row), ((window.top + y) * width + window.left) * channels)
  }
  return image
}
