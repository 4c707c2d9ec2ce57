import type { Key, Tensor } from '@ddnet/ops'
import type { Buffer, Counter } from './parameter.ts'

/** What a forward pass is for. There is no hidden mode: the default is inference. */
export interface Context {
  readonly training: boolean
  /** Randomness of this pass; each module folds in its own path. */
  readonly key?: Key
  /** Where a training pass leaves the buffers' next values; nothing changes until they are committed. */
  readonly updates?: Updates
}

/** Next values of buffers, collected during one forward pass. */
export class Updates {
  readonly tensors: Map<Buffer, Tensor> = new Map()
  readonly counters: Set<Counter> = new Set()

  /** Writes the collected values into their buffers. */
  commit(): void {
    for (const [buffer, value] of this.tensors) buffer.assign(value)
    for (const counter of this.counters) counter.count++
    this.tensors.clear()
    this.counters.clear()
  }

  /** Throws the collected values away. */
  discard(): void {
    for (const value of this.tensors.values()) value.dispose()
    this.tensors.clear()
    this.counters.clear()
  }
}

export const inference: Context = { training: false }
