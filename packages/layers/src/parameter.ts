import { fromHost, type HostTensor, keep, permuteHost, type Tensor, toHost } from '@ddnet/ops'

/** PyTorch's filter layouts, OIHW and IOHW, from ours: `[kernelHeight, kernelWidth, a, b]` → `[b, a, kernelHeight, kernelWidth]`. */
export const FILTER_TO_TORCH = [3, 2, 0, 1] as const
const FILTER_FROM_TORCH = [2, 3, 1, 0] as const

/** A tensor that a module owns: it outlives every `tidy` and changes only by `assign`. */
class Owned {
  #value: Tensor
  /** Whether files hold it as PyTorch lays filters out. */
  readonly filter: boolean

  constructor(value: Tensor, { filter = false }: { filter?: boolean } = {}) {
    this.#value = keep(value)
    this.filter = filter
  }

  get value(): Tensor {
    return this.#value
  }

  get shape(): number[] {
    return this.#value.shape
  }

  /** Takes ownership of `next` and disposes the old value. */
  assign(next: Tensor): void {
    const old = this.#value
    if (next.shape.length !== old.shape.length || next.shape.some((size, axis) => size !== old.shape[axis])) {
      throw new Error(`assign: expected shape [${old.shape}], got [${next.shape}].`)
    }
    this.#value = keep(next)
    if (old !== next) old.dispose()
  }

  /** The shape that files give it. */
  get torchShape(): number[] {
    return this.filter ? FILTER_TO_TORCH.map((axis) => this.shape[axis] as number) : this.shape
  }

  async toTorch(): Promise<HostTensor> {
    const host = await toHost(this.#value)
    return this.filter && host.dtype === 'float32' ? permuteHost(host, FILTER_TO_TORCH) : host
  }

  assignTorch(host: HostTensor): void {
    this.assign(fromHost(this.filter && host.dtype === 'float32' ? permuteHost(host, FILTER_FROM_TORCH) : host))
  }

  dispose(): void {
    this.#value.dispose()
  }
}

/** A tensor that the optimizer changes. */
export class Parameter extends Owned {
  readonly kind = 'parameter'
}

/** A tensor that the forward pass changes, such as a running mean. */
export class Buffer extends Owned {
  readonly kind = 'buffer'
}

/** A whole number that training steps count up; files hold it as PyTorch's int64 scalar. */
export class Counter {
  readonly kind = 'counter'
  count = 0
}
