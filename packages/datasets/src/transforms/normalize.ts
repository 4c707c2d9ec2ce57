import { itemAt } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import type { ImageTransform } from '../map.ts'
import { changeImages } from './change-fields.ts'

export interface NormalizeOptions {
  /** One number for all channels, or one a channel, on the scale where white is 1. */
  readonly mean: number | readonly number[]
  readonly std: number | readonly number[]
}

/**
 * `(x − mean) / std` a channel, float32. Bytes are divided by 255 first; floats are taken to have that scale already.
 *
 * @throws DatasetError if a std is not positive, or the numbers do not match the image's channels
 * @see torchvision.transforms.Normalize after ToTensor
 * @example normalize({ mean: [0.4914, 0.48216, 0.44653], std: [0.24703, 0.24349, 0.26159] })
 */
export function normalize({ mean, std }: NormalizeOptions): ImageTransform {
  const means = typeof mean === 'number' ? [mean] : mean
  const stds = typeof std === 'number' ? [std] : std
  for (const value of stds) {
    if (!(value > 0)) throw new DatasetError(`normalize: expected every std to be above 0, got [${stds}]`)
  }
  // A byte has 256 values, so each channel's results are a table.
  const tables = new Map<number, Float32Array>()
  const tableFor = (channels: number): Float32Array => {
    const table = tables.get(channels) ?? byteTable(perChannel(means, channels), perChannel(stds, channels))
    tables.set(channels, table)
    return table
  }
  return (sample) =>
    changeImages('normalize', sample, ({ data, shape, ...image }) => {
      const channels = shape[2]
      const values = new Float32Array(data.length)
      if (data instanceof Float32Array) {
        const channelMeans = perChannel(means, channels)
        const channelStds = perChannel(stds, channels)
        for (let channel = 0; channel < channels; channel++) {
          const mean = itemAt(channelMeans, channel)
          const std = itemAt(channelStds, channel)
          for (let at = channel; at < values.length; at += channels) values[at] = ((data[at] as number) - mean) / std
        }
      } else {
        const table = tableFor(channels)
        for (let channel = 0; channel < channels; channel++) {
          const row = channel * 256
          for (let at = channel; at < values.length; at += channels)
            values[at] = table[row + (data[at] as number)] as number
        }
      }
      return { ...image, shape, data: values }
    })
}

function perChannel(values: readonly number[], channels: number): readonly number[] {
  if (values.length === 1) return new Array<number>(channels).fill(itemAt(values, 0))
  if (values.length === channels) return values
  throw new DatasetError(`normalize: expected 1 or ${channels} numbers for ${channels} channels, got [${values}]`)
}

/** Row `channel` holds the results of the bytes 0 … 255. */
function byteTable(means: readonly number[], stds: readonly number[]): Float32Array {
  return Float32Array.from({ length: means.length * 256 }, (_, at) => {
    const channel = Math.floor(at / 256)
    return ((at % 256) / 255 - itemAt(means, channel)) / itemAt(stds, channel)
  })
}
