import { type Key, random } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'

/** Numbers that are drawn one after another, where nobody knows beforehand how many it takes. */
export interface Draws {
  /** A whole number from 0 to below `bound`. */
  below(bound: number): number
  /** One of a list that is not empty. */
  oneOf<T>(list: readonly T[]): T
}

const blockSize = 64

/** The same key gives the same numbers, in every engine. */
export function drawsFrom(key: Key): Draws {
  let block = 0
  let values: Float32Array = new Float32Array(0)
  let at = 0
  const below = (bound: number): number => {
    if (at === values.length) {
      values = random.uniformValues(key.fold(block++), blockSize)
      at = 0
    }
    return Math.floor(itemAt(values, at++) * bound)
  }
  return { below, oneOf: (list) => itemAt(list, below(list.length)) }
}
