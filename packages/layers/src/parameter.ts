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
import { errorMessage, itemAt } from '@ddnet/ops/checks'
import { nameInPass } from './pass.ts'
import { fromTorchOrder, isFilter, toTorchOrder, type WeightLayout } from './weight-layout.ts'

/**
 * What a parameter begins with: a float32 tensor of this shape, drawn from this key. `initializers` has PyTorch's. What the axes
 * of a weight mean, `layout` says; other parameters have none.
 */
export type Initializer = (key: Key, shape: number[], layout?: WeightLayout) => Tensor

export interface ParameterOptions {
  /** What `init` gives it. Without one, a value has to be loaded or assigned. */
  readonly init?: Initializer | undefined
  /** What the axes of a weight mean, for initialisers and for files, which hold filters as PyTorch does. */
  readonly layout?: WeightLayout
}

/**
 * A float32 tensor that a module owns. It has none until `init(model, key)`, `loadStateDict` or `assign` gives it one; that
 * outlives every `tidy`, and changes only by `assign`.
 */
class Owned {
  #value: Tensor | undefined
  readonly shape: number[]
  readonly layout: WeightLayout | undefined
  readonly #initializer: Initializer | undefined

  /** @throws RangeError for sizes that are not whole numbers, and for a number of axes that the layout does not have */
  constructor(shape: readonly number[], { init, layout }: ParameterOptions = {}) {
    if (!Array.isArray(shape) || shape.some((size) => !Number.isSafeInteger(size) || size < 0)) {
      throw new RangeError(`expected the shape of a parameter as whole numbers, got ${describe(shape)}.`)
    }
    if (layout === 'linear' && shape.length !== 2) {
      throw new RangeError(`expected the shape of a linear weight as [out, in], got [${shape}].`)
    }
    if (isFilter(layout) && shape.length < 3) {
      throw new RangeError(`expected a filter's shape as […kernel, in, out], got [${shape}].`)
    }
    this.shape = Object.freeze([...shape]) as number[] // typed as tensors' shapes are
    this.layout = layout
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

  /** Draws its first value. @param name its path, for errors @param draw in the place of its own initialiser */
  initialize(key: Key, name: string, draw: Initializer | undefined = this.#initializer): void {
    if (draw === undefined) {
      throw new Error(
        `init: '${name}' has no initializer. Make it with one, as in new Parameter([${this.shape}], { init: initializers.normal() }), or give it a value first.`,
      )
    }
    try {
      this.assign(tidy(() => draw(key, [...this.shape], this.layout)))
    } catch (error) {
      throw new Error(`init: the initializer of '${name}' does not fit: ${errorMessage(error)}`, { cause: error })
    }
  }

  /** The shape that files give it. */
  get torchShape(): number[] {
    return toTorchOrder(this.layout, this.shape.length).map((axis) => itemAt(this.shape, axis))
  }

  async toTorch(): Promise<HostTensor> {
    const host = await toHost(this.value)
    return isFilter(this.layout) && host.dtype === 'float32'
      ? permuteHost(host, toTorchOrder(this.layout, this.shape.length))
      : host
  }

  assignTorch(host: HostTensor): void {
    const own =
      isFilter(this.layout) && host.dtype === 'float32'
        ? permuteHost(host, fromTorchOrder(this.layout, this.shape.length))
        : host
    this.assign(fromHost(own))
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
  /**
   * Whether training leaves it as it is: what has such buffers computes in training as in inference, as a BatchNorm that PyTorch's
   * `eval()` was called on. `model.freezeStatistics(pattern)` sets it for many.
   */
  frozen = false

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
