import { itemAt } from '@ddnet/ops/checks'
import type { Dataset } from './dataset.ts'
import { checkIndex } from './image-dataset.ts'

/**
 * Some samples of a dataset: those at `indices`, in that order, or the first `count`.
 *
 * @throws RangeError for an index that the dataset does not have, or a count larger than its length
 * @example subset(test, 1000)
 */
export function subset<T>(dataset: Dataset<T>, selection: number | readonly number[]): Dataset<T> {
  const { length, labels, getSync } = dataset
  if (typeof selection === 'number' && (!Number.isInteger(selection) || selection < 0 || selection > length)) {
    throw new RangeError(`subset: expected a count in 0 … ${length}, the length of the dataset, got ${selection}`)
  }
  const indices =
    typeof selection === 'number' ? Array.from({ length: selection }, (_, index) => index) : [...selection]
  for (const index of indices) checkIndex(index, length)
  const at = (index: number): number => {
    checkIndex(index, indices.length)
    return itemAt(indices, index)
  }
  return {
    length: indices.length,
    ...(labels && { labels: indices.map((index) => itemAt(labels, index)) }),
    get: async (index, options) => dataset.get(at(index), options),
    ...(getSync && { getSync: (index, options) => getSync.call(dataset, at(index), options) }),
  }
}
