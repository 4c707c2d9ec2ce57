import { itemAt } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'
import type { SplitFacts } from './official.ts'
import type { Split } from './split.ts'

export interface Verification {
  /** How a message names the data. */
  readonly location: string
  readonly remedy: string
  /** Whether the images are in the official order. */
  readonly ordered: boolean
}

/**
 * Checks decoded data against what is known of CIFAR-10: counts, first labels, balanced classes, and each channel's
 * mean and standard deviation to five decimals. The checksums of the files say more, but not what is wrong.
 *
 * @throws DatasetError naming the data and the property that differs
 */
export function verifySplit(split: Split, facts: SplitFacts, { location, remedy, ordered }: Verification): void {
  const expect = (what: string, got: readonly number[], expected: readonly number[], tolerance = 0): void => {
    const equal =
      got.length === expected.length && got.every((value, at) => Math.abs(value - itemAt(expected, at)) <= tolerance)
    if (equal) return
    throw new DatasetError(
      `${location} is not CIFAR-10: expected ${what} ${expected.join(' ')}, got ${got.join(' ')}. ${remedy}`,
    )
  }
  const count = facts.batches.reduce((total, batch) => total + batch.count, 0)
  expect('count', [split.labels.length], [count])
  if (ordered) expect('first labels', [...split.labels.subarray(0, facts.firstLabels.length)], facts.firstLabels)
  const perClass = new Array<number>(10).fill(0)
  for (const label of split.labels) perClass[label] = (perClass[label] ?? 0) + 1
  expect('images a class', perClass, new Array<number>(10).fill(count / 10))
  const { mean, std } = channelStatistics(split.images)
  expect('channel means', mean, facts.mean, 1e-5)
  expect('channel standard deviations', std, facts.std, 1e-5)
}

/** Mean and population standard deviation of each of three interleaved channels, with bytes divided by 255. */
export function channelStatistics(images: Uint8Array): { mean: number[]; std: number[] } {
  // Counting bytes first keeps the sums exact.
  const counts = [0, 1, 2].map((channel) => {
    const count = new Uint32Array(256)
    for (let at = channel; at < images.length; at += 3) {
      const byte = images[at] as number
      count[byte] = (count[byte] as number) + 1
    }
    return count
  })
  const pixels = images.length / 3
  const mean = counts.map((count) => count.reduce((sum, times, byte) => sum + times * byte, 0) / pixels)
  const std = counts.map((count, channel) => {
    const squares = count.reduce((sum, times, byte) => sum + times * (byte - itemAt(mean, channel)) ** 2, 0)
    return Math.sqrt(squares / pixels)
  })
  return { mean: mean.map((value) => value / 255), std: std.map((value) => value / 255) }
}
