import { type Key, random } from '@ddnet/ops'
import { DatasetError } from '../dataset-error.ts'
import type { ImageTransform } from '../map.ts'
import { changeFields, sizeOfSample } from './change-fields.ts'
import type { Window } from './crop.ts'
import { roundHalfToEven } from './pixels.ts'
import { expectInterval, expectProbability, type Interval, within } from './ranges.ts'
import { requireKey } from './require-key.ts'

const TRIES = 10

export interface RandomErasingOptions {
  /** 0.5 by default. */
  readonly probability?: number
  /** Of the area of the image: `[0.02, 0.33]` by default. */
  readonly scale?: Interval
  /** Height over width, drawn evenly in its logarithm: `[0.3, 3.3]` by default. */
  readonly ratio?: Interval
  /** What replaces the pixels, on the image's own scale, for all channels or a channel: 0 by default. 'random' is normal noise. */
  readonly value?: number | readonly number[] | 'random'
}

/**
 * Erases a random rectangle with `probability`. Mask and boxes stay. An image into which ten draws do not fit stays too.
 *
 * @throws DatasetError for noise on bytes: put it after `normalize`
 * @see torchvision.transforms.v2.RandomErasing; Zhong et al. 2017, "Random Erasing Data Augmentation"
 */
export function randomErasing({
  probability = 0.5,
  scale = [0.02, 0.33],
  ratio = [0.3, 3.3],
  value = 0,
}: RandomErasingOptions = {}): ImageTransform {
  expectProbability('randomErasing', probability)
  expectInterval('randomErasing', 'scale', scale, 0, 1)
  expectInterval('randomErasing', 'ratio', ratio, Number.MIN_VALUE)
  return (sample, options) => {
    const key = requireKey('randomErasing', options)
    if ((random.uniformValues(key.fold(0), 1)[0] as number) >= probability) return sample
    const window = drawWindow(key.fold(1), sizeOfSample('randomErasing', sample), scale, ratio)
    if (!window) return sample
    return changeFields(sample, {
      image({ data, shape, ...image }) {
        const [, width, channels] = shape
        const erased = data.slice()
        const count = window.height * window.width * channels
        if (value === 'random' && erased instanceof Uint8Array) {
          throw new DatasetError(
            "randomErasing: value 'random' is noise for floats, got bytes. Put it after normalize.",
          )
        }
        if (typeof value === 'object' && value.length !== channels) {
          throw new DatasetError(`randomErasing: expected one value or ${channels}, one a channel, got [${value}]`)
        }
        const noise = value === 'random' ? random.normalValues(key.fold(2), count) : undefined
        let from = 0
        for (let y = window.top; y < window.top + window.height; y++) {
          let at = (y * width + window.left) * channels
          for (let x = 0; x < window.width * channels; x++) {
            erased[at++] = (noise ? noise[from++] : typeof value === 'number' ? value : value[x % channels]) as number
          }
        }
        return { ...image, shape, data: erased }
      },
    })
  }
}

function drawWindow(
  key: Key,
  [height, width]: readonly [number, number],
  scale: Interval,
  ratio: Interval,
): Window | undefined {
  const logRatio: Interval = [Math.log(ratio[0]), Math.log(ratio[1])]
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const [u, v, down, right] = random.uniformValues(key.fold(attempt), 4) as unknown as [
      number,
      number,
      number,
      number,
    ]
    const area = height * width * within(scale, u)
    const aspect = Math.exp(within(logRatio, v))
    const tall = roundHalfToEven(Math.sqrt(area * aspect))
    const wide = roundHalfToEven(Math.sqrt(area / aspect))
    if (tall >= height || wide >= width) continue
    const top = Math.floor(down * (height - tall + 1))
    const left = Math.floor(right * (width - wide + 1))
    return { top, left, height: tall, width: wide }
  }
  return undefined
}
