import type { Key } from '@ddnet/ops'
import { leavesOf, modulesOf, type Root } from './discover.ts'
import type { Module } from './module.ts'
import { Updates } from './updates.ts'

export interface PassOptions {
  readonly training: boolean
  /** The model, or several by name, below which modules have their paths. */
  readonly root?: Root
  /** The randomness of the pass: with the same key, the same numbers again. Whoever opens two passes folds it for each. */
  readonly key?: Key | undefined
  /** Where buffers' next values go. Whoever opens the pass commits or discards them, also when something inside fails. */
  readonly updates?: Updates | undefined
}

/** What a forward pass is for. Modules ask for it by `currentPass()`. */
export interface Pass {
  readonly training: boolean
  readonly root: Root | undefined
  /** Where a training pass leaves the buffers' next values; undefined where they are to stay as they are. */
  readonly updates: Updates | undefined
  /**
   * The randomness of a module in this pass: another key for each module, by its path below the pass's root, and for each time
   * that it asks. A module outside of the root is numbered by its first use.
   *
   * @throws Error if the pass has no key
   */
  keyOf(module: Module): Key
  /**
   * Remembers this point of the pass. `replay(run)` runs `run` again as from there: modules draw the same numbers, and updates
   * of buffers are dropped, since they were made the first time. For activations that are computed again in the backward pass.
   */
  mark(): { replay<T>(run: () => T): T }
}

/** Outside of any pass. */
const outside: Pass = {
  training: false,
  root: undefined,
  updates: undefined,
  keyOf: noKey,
  mark: () => ({ replay: (run) => inference(run) }),
}

function noKey(module: Module): never {
  throw new Error(
    `${module.constructor.name}: this pass has no key to draw from. Give it one where it is opened, as in valueAndGrad(model, run, { key }).`,
  )
}

class OpenPass implements Pass {
  readonly training: boolean
  readonly root: Root | undefined
  updates: Updates | undefined
  readonly #key: Key | undefined
  /** Made when first asked for: most passes draw nothing. */
  #keys: Map<Module, Key> | undefined
  #strangers = 0
  #calls: Map<Module, number> = new Map()

  constructor({ training, root, key, updates }: PassOptions) {
    this.training = training
    this.root = root
    this.updates = updates
    this.#key = key
  }

  keyOf(module: Module): Key {
    const passKey = this.#key
    if (passKey === undefined) return noKey(module)
    this.#keys ??= new Map(
      [...(this.root === undefined ? [] : modulesOf(this.root))].map(([path, each]) => [
        each,
        passKey.fold('module').fold(path),
      ]),
    )
    const own = this.#keys.get(module) ?? passKey.fold('outside').fold(this.#strangers++)
    this.#keys.set(module, own)
    const call = this.#calls.get(module) ?? 0
    this.#calls.set(module, call + 1)
    return own.fold(call)
  }

  mark(): { replay<T>(run: () => T): T } {
    const then = new Map(this.#calls)
    return {
      replay: (run) => {
        const [calls, updates] = [this.#calls, this.updates]
        this.#calls = new Map(then)
        this.updates = updates && new Updates()
        try {
          return during(this, run)
        } finally {
          this.updates?.discard()
          this.updates = updates
          this.#calls = calls
        }
      },
    }
  }
}

const stackKey = Symbol.for('@ddnet/layers: the passes under way')

/** One stack a process: two copies of this package meet in it. */
function stack(): Pass[] {
  const holder = globalThis as { [stackKey]?: Pass[] }
  holder[stackKey] ??= []
  return holder[stackKey]
}

/**
 * Runs `run`, and what it calls, in a pass of its own. Passes nest: the innermost one counts.
 *
 * @throws Error if `run` is async: the pass would be over before it goes on
 * @example
 * const updates = new Updates()
 * openPass({ training: true, root: model, key, updates }, () => model.forward(images))
 * updates.commit()
 */
export const openPass = <T>(options: PassOptions, run: () => T): T => during(new OpenPass(options), run)

/**
 * Runs `run` in inference, inside a training pass too: norms use their running statistics and leave them alone, and nothing is
 * dropped. Gradients flow through it.
 *
 * @example const features = inference(() => this.backbone.forward(images)) // a backbone whose norms stay as they are
 */
export const inference = <T>(run: () => T): T => openPass({ training: false }, run)

/** The pass that is under way; outside of any it is inference. */
export const currentPass = (): Pass => stack().at(-1) ?? outside

function during<T>(pass: Pass, run: () => T): T {
  const passes = stack()
  const depth = passes.push(pass)
  try {
    const result = run()
    if (result instanceof Promise) {
      result.catch(() => {}) // this error stands for it
      throw new Error('A forward pass must not be async: the pass is over before it goes on.')
    }
    return result
  } finally {
    passes.length = depth - 1
  }
}

/** The name of a parameter or buffer below the root of a pass that is under way, the innermost first. */
export function nameInPass(leaf: object): string | undefined {
  for (const { root } of stack().toReversed()) {
    const found = root && leavesOf(root).find(([, each]) => each === leaf)
    if (found) return found[0]
  }
  return undefined
}
