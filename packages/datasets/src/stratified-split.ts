import { type Key, random } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import type { Dataset } from './dataset.ts'
import { DatasetError } from './dataset-error.ts'
import { subset } from './subset.ts'

export interface StratifiedSplitOptions<F extends readonly number[]> {
  /** The part of each split; their sum is 1. */
  readonly fractions: F
  /** Decides which samples go where. */
  readonly key: Key
  /** The class of each sample: those of the dataset, by default. */
  readonly labels?: ArrayLike<number> | undefined
}

/**
 * Parts of a dataset that have its classes in its own proportions: of each class, each part gets its fraction, to within
 * two samples. What rounding leaves over goes to the parts that lack most, over all classes.
 *
 * @throws DatasetError if the fractions do not sum to 1, or the labels are not known
 * @see sklearn.model_selection.train_test_split(stratify=labels)
 * @example const [train, validation] = stratifiedSplit(photos, { fractions: [0.9, 0.1], key: random.key(0) })
 */
export function stratifiedSplit<T, const F extends readonly number[]>(
  dataset: Dataset<T>,
  { fractions, key, labels = dataset.labels }: StratifiedSplitOptions<F>,
): { [Part in keyof F]: Dataset<T> } {
  const sum = fractions.reduce((total, fraction) => total + fraction, 0)
  if (!fractions.every((fraction) => fraction >= 0) || !(Math.abs(sum - 1) < 1e-9)) {
    throw new DatasetError(`stratifiedSplit: expected fractions of sum 1, got [${fractions}]`)
  }
  if (labels?.length !== dataset.length) {
    throw new DatasetError(
      `stratifiedSplit: expected ${dataset.length} labels, one for each sample, got ${labels?.length ?? 'none'}. ` +
        'Split before `map`, or give the labels.',
    )
  }
  const byClass = new Map<number, number[]>()
  for (const [index, label] of Array.from(labels).entries()) {
    const members = byClass.get(label) ?? []
    byClass.set(label, members)
    members.push(index)
  }
  const parts = fractions.map((): number[] => [])
  const owed = fractions.map(() => 0)
  const classes = [...byClass].sort(([a], [b]) => a - b)
  for (const [place, [, members]] of classes.entries()) {
    const wanted = fractions.map((fraction, part) => fraction * members.length + itemAt(owed, part))
    const counts = wanted.map((amount) => Math.max(0, Math.floor(amount)))
    const rest = (part: number): number => itemAt(wanted, part) - itemAt(counts, part)
    for (let left = members.length - counts.reduce((a, b) => a + b, 0); left > 0; left--) {
      const part = [...counts.keys()].reduce((best, each) => (rest(each) > rest(best) + 1e-9 ? each : best))
      counts[part] = itemAt(counts, part) + 1
    }
    const order = random.permutation(key.fold(place), members.length)
    let at = 0
    for (const [part, count] of counts.entries()) {
      owed[part] = rest(part)
      for (const member of order.subarray(at, at + count)) parts[part]?.push(itemAt(members, member))
      at += count
    }
  }
  for (const indices of parts) indices.sort((a, b) => a - b)
  // One for each fraction.
  return parts.map((indices) => subset(dataset, indices)) as unknown as { [Part in keyof F]: Dataset<T> }
}
