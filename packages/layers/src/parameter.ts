import {
  fromHost,
  type HostTensor,
  type Key,
  keep,
  permuteHost,
  placeholder,
  type Tensor,
  tidy,
  toHost,
} from '@ddnet/ops'
import { nameInPass } from './pass.ts'

/** PyTorch's filter layouts, OIHW and IOHW, from ours: `[kernelHeight, kernelWidth, a, b]` → `[b, a, kernelHeight, kernelWidth]`. */
const FILTER_TO_TORCH = [3, 2, 0, 1] as const
const FILTER_FROM_TORCH = [2, 3, 1, 0] as const

/** What a parameter begins with: a float32 tensor of this shape, drawn from this key. `initializers` has PyTorch's. */
export type Initializer = (key: Key, shape: number[]) => Tensor

export interface ParameterOptions {
  /** What `init` gives it. Without one, a value has to be loaded or assigned. */
  readonly init?: Initializer
  /** Whether it is a filter, `[kernelHeight, kernelWidth, …]`, which files hold as PyTorch lays filters out. */
  readonly filter?: boolean
}

/**
 * A float32 tensor that a module owns. It has none until `init(model, key)`, `loadStateDict` or `assign` gives it one; that
 * outlives every `tidy`, and changes only by `assign`.
 */
class Owned {
  #value: Tensor | undefined
  readonly shape: number[]
  readonly filter: boolean
  readonly #initializer: Initializer | undefined

  /** @throws RangeError for sizes that are not whole numbers, and for a filter of other than four axes */
  constructor(shape: readonly number[], { init, filter = false }: ParameterOptions = {}) {
    if (!Array.isArray(shape) || shape.some((size) => !Number.isSafeInteger(size) || size < 0)) {
      throw new RangeError(`expected the shape of a parameter as whole numbers, got ${describe(shape)}.`)
    }
    if (filter && shape.length !== 4) {
      throw new RangeError(`expected a filter's shape as [kernelHeight, kernelWidth, in, out], got [${shape}].`)
    }
    this.shape = Object.freeze([...shape]) as number[] // typed as tensors' shapes are
    this.filter = filter
    this.#initializer = init
  }

  /** Whether it has a value. */
  get ready(): boolean {
    return this.#value !== undefined || placeholder(this.shape, { owner: this }) !== undefined
  }

  /** Inside of `onShapes`, a tensor without values. @throws Error before it has a value */
  get value(): Tensor {
    const value = placeholder(this.shape, { owner: this }) ?? this.#value
    if (value !== undefined) return value
    const name = nameInPass(this)
    throw new Error(
      `${name === undefined ? 'A parameter' : `'${name}'`} of shape [${this.shape}] has no value yet. Give the model its values first: init(model, key) or model.loadStateDict(dict). If that was done, this one was not found: keep it in a field, an array or a plain record, and not in a #private field.`,
    )
  }

  /** Takes ownership of `next` and disposes the old value. */
  assign(next: Tensor): void {
    if (next.shape.join() !== this.shape.join()) {
      throw new Error(`assign: expected shape [${this.shape}], got [${next.shape}].`)
    }
    if (next.dtype !== 'float32') throw new Error(`assign: expected float32, got ${next.dtype}.`)
    const old = this.#value
    this.#value = keep(next)
    if (old !== next) old?.dispose()
  }

  /** Draws its first value. @param name its path, for errors */
  initialize(key: Key, name: string): void {
    const draw = this.#initializer
    if (draw === undefined) {
      throw new Error(
        `init: '${name}' has no initializer. Make it with one, as in new Parameter([${this.shape}], { init: initializers.normal() }), or give it a value first.`,
      )
    }
    const value = tidy(() => draw(key, [...this.shape]))
    try {
      this.assign(value)
    } catch (error) {
      throw new Error(`init: the initializer of '${name}' does not fit: ${(error as Error).message}`, { cause: error })
    }
  }

  /** The shape that files give it. */
  get torchShape(): number[] {
    return this.filter ? FILTER_TO_TORCH.map((axis) => this.shape[axis] as number) : [...this.shape]
  }

  async toTorch(): Promise<HostTensor> {
    const host = await toHost(this.value)
    return this.filter && host.dtype === 'float32' ? permuteHost(host, FILTER_TO_TORCH) : host
  }

  assignTorch(host: HostTensor): void {
    this.assign(fromHost(this.filter && host.dtype === 'float32' ? permuteHost(host, FILTER_FROM_TORCH) : host))
  }

  /** Frees its value. */
  dispose(): void {
    this.#value?.dispose()
    this.#value = undefined
  }
}

const describe = (shape: unknown): string => (Array.isArray(shape) ? `[${shape}]` : String(shape))

/** A tensor that the optimizer changes. */
export class Parameter extends Owned {
  /**
   * Whether training leaves it as it is, as with PyTorch's `requires_grad = False`: it gets no gradient, and optimizers pass it
   * by. Gradients still flow through what is computed with it. `model.freeze(pattern)` sets it for many.
   */
  frozen = false

  get '~ddnet'(): 'parameter' {
    return 'parameter'
  }
}

/** A tensor that the forward pass changes, such as a running mean. */
export class Buffer extends Owned {
  get '~ddnet'(): 'buffer' {
    return 'buffer'
  }
}

/** A whole number that training steps count up; files hold it as PyTorch's int64 scalar. */
export class Counter {
  count = 0

  get '~ddnet'(): 'counter' {
    return 'counter'
  }
}
