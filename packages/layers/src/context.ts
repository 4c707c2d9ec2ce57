import { type Key, keep, type Tensor } from '@ddnet/ops'
import type { Module } from './module.ts'
import type { Buffer, Counter } from './parameter.ts'

/** What a forward pass is for. There is no hidden mode: the default is inference. */
export interface Context {
  readonly training: boolean
  /** Randomness of the pass as a whole. Two modules that draw from it directly draw the same numbers: they take `keyOf`. */
  readonly key?: Key
  /**
   * The randomness of one module in this pass: another key for each module, by its path in the model, and for each time that it
   * asks. A module outside of the model is numbered by its first use. Where the pass has a key.
   *
   * @example dropout(x, { rate: 0.1, key: context.keyOf?.(this), training: context.training })
   */
  keyOf?(module: Module): Key
  /** Where a training pass leaves the buffers' next values; nothing changes until they are committed. */
  readonly updates?: Updates
}

/**
 * Next values of buffers, collected during one forward pass. A module that runs twice in it goes on from what it left the
 * first time.
 */
export class Updates {
  readonly #tensors = new Map<Buffer, Tensor>()
  readonly #counts = new Map<Counter, number>()

  /** The buffer's value as this pass has left it so far. */
  valueOf(buffer: Buffer): Tensor {
    return this.#tensors.get(buffer) ?? buffer.value
  }

  /** Takes ownership of a buffer's next value. */
  set(buffer: Buffer, next: Tensor): void {
    this.#tensors.get(buffer)?.dispose()
    this.#tensors.set(buffer, keep(next))
  }

  /** How often this pass has counted so far. */
  countOf(counter: Counter): number {
    return this.#counts.get(counter) ?? 0
  }

  /** One more. */
  count(counter: Counter): void {
    this.#counts.set(counter, (this.#counts.get(counter) ?? 0) + 1)
  }

  /** Writes the collected values into their buffers. */
  commit(): void {
    for (const [buffer, value] of this.#tensors) buffer.assign(value)
    for (const [counter, times] of this.#counts) counter.count += times
    this.#tensors.clear()
    this.#counts.clear()
  }

  /** Throws the collected values away. */
  discard(): void {
    for (const value of this.#tensors.values()) value.dispose()
    this.#tensors.clear()
    this.#counts.clear()
  }
}

export const inference: Context = { training: false }

/**
 * What a training pass over `model` is given: with the same key, the same numbers again.
 * @param options.updates where the buffers' next values go
 */
export function trainingContext(model: Module, { key, updates }: { key?: Key | undefined; updates: Updates }): Context {
  return { training: true, updates, ...(key !== undefined && { key, keyOf: keysOf(model, key) }) }
}

function keysOf(model: Module, key: Key): (module: Module) => Key {
  const keys = new Map<Module, Key>()
  const name = (module: Module, path: string): void => {
    if (keys.has(module)) return // shared: its first name counts
    keys.set(module, key.fold('module').fold(path))
    for (const [child, inner] of module.children()) name(inner, path === '' ? child : `${path}.${child}`)
  }
  name(model, '')
  let outside = 0
  const calls = new Map<Module, number>()
  return (module) => {
    const own = keys.get(module) ?? key.fold('outside').fold(outside++)
    keys.set(module, own)
    const call = calls.get(module) ?? 0
    calls.set(module, call + 1)
    return own.fold(call)
  }
}
