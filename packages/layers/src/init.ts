import type { Key } from '@ddnet/ops'
import { isCounter, leavesOf, type Root } from './discover.ts'

/**
 * Gives every parameter and buffer that has no value its first one, and leaves the others as they are: a new head on loaded
 * weights, for example. Each parameter draws from `key.fold(its name)`, the dotted name of checkpoints, so that what it gets
 * depends on no other one. Several models by name are initialised as one whose names begin with theirs.
 *
 * @returns the same model
 * @throws Error for a parameter without an initializer
 * @example const model = init(new DDNet({ classes: 10 }), random.key(42))
 */
export function init<M extends Root>(model: M, key: Key): M {
  if (typeof (key as Key | undefined)?.fold !== 'function') {
    throw new Error(`init: expected a key to draw from, as in init(model, random.key(42)), got ${String(key)}.`)
  }
  for (const [name, leaf] of leavesOf(model)) {
    if (!isCounter(leaf) && !leaf.ready) leaf.initialize(key.fold(name), name)
  }
  return model
}
