import type { Key } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { DatasetError } from './dataset-error.ts'

/** Which samples an epoch has, and in which order: a pure function of the epoch's key. */
export interface Sampler {
  /** Samples an epoch. */
  readonly length: number
  /** The length of the dataset that it is for. */
  readonly from: number
  /** Dataset indices; one may occur several times. */
  order(key: Key): Uint32Array
}

export interface WeightedSamplerOptions {
  /** How often each sample of the dataset is wanted, relative to the others. */
  readonly weights: ArrayLike<number>
  /** Samples an epoch: as many as the dataset has, by default. */
  readonly count?: number
  /** Whether a sample may come several times an epoch: true by default. */
  readonly replacement?: boolean
}

/**
 * Draws samples with probabilities proportional to their weights. Without replacement each is drawn from those that are
 * left, which gives the `count` smallest of `−log(u) / weight` (Efraimidis and Spirakis 2006).
 *
 * @throws DatasetError for weights that are negative, not finite or all 0, and if fewer samples than `count` have a weight
 * without replacement
 * @see torch.utils.data.WeightedRandomSampler
 * @example loader(train, { batchSize: 64, key, sampler: weightedSampler({ weights: balancedWeights(train.labels) }) })
 */
export function weightedSampler({
  weights,
  count = weights.length,
  replacement = true,
}: WeightedSamplerOptions): Sampler {
  const from = weights.length
  const sums = new Float64Array(from)
  let total = 0
  let positive = 0
  for (let index = 0; index < from; index++) {
    const weight = weights[index] as number
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new DatasetError(`weightedSampler: expected weights from 0, got ${weight} for sample ${index}`)
    }
    if (weight > 0) positive++
    total += weight
    sums[index] = total
  }
  const most = replacement ? Number.POSITIVE_INFINITY : positive
  if (!Number.isInteger(count) || count < 1 || count > most || !(total > 0)) {
    throw new DatasetError(
      `weightedSampler: expected a count from 1${replacement ? '' : ` to ${positive}, the samples with a weight`} and weights above 0, ` +
        `got ${count} with weights of sum ${total}`,
    )
  }
  const withReplacement = (key: Key): Uint32Array =>
    Uint32Array.from(key.bits(count), (word) => firstAbove(sums, (word / 2 ** 32) * total))
  const withoutReplacement = (key: Key): Uint32Array => {
    const times = Float64Array.from(
      key.bits(from),
      (word, index) => -Math.log((word + 1) / 2 ** 32) / itemAt(weights, index),
    )
    const drawable = Uint32Array.from({ length: from }, (_, index) => index).filter(
      (index) => itemAt(weights, index) > 0,
    )
    return drawable.sort((a, b) => itemAt(times, a) - itemAt(times, b)).subarray(0, count)
  }
  return { length: count, from, order: replacement ? withReplacement : withoutReplacement }
}

/** The first place whose sum is above `value`. */
function firstAbove(sums: Float64Array, value: number): number {
  let low = 0
  let high = sums.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sums[middle] as number) > value) high = middle
    else low = middle + 1
  }
  return low
}

/** Weights that make every class as frequent: 1 over the number of samples of its class. */
export function balancedWeights(labels: ArrayLike<number>): Float64Array {
  const counts = new Map<number, number>()
  for (const label of Array.from(labels)) counts.set(label, (counts.get(label) ?? 0) + 1)
  return Float64Array.from(Array.from(labels), (label) => 1 / (counts.get(label) as number))
}
