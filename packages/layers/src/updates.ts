import { keep, type Tensor } from '@ddnet/ops'
import type { Buffer, Counter } from './parameter.ts'

/**
 * Next values of buffers, collected during a training pass. A module that runs twice in it goes on from what it left the
 * first time. Nothing changes until they are committed.
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
