import type { Key } from '@ddnet/ops'
import type { GetOptions } from '../dataset.ts'
import { DatasetError } from '../dataset-error.ts'

/** The key of a random transform. */
export function requireKey(transform: string, { key }: GetOptions): Key {
  if (key) return key
  throw new DatasetError(
    `${transform}: needs a key to draw from. Give the loader one: loader(dataset, { key: random.key(seed) })`,
  )
}
