import type { HostTensor, Tensor } from '@ddnet/ops'
import { type Context, inference } from './context.ts'
import { Buffer, Counter, Parameter } from './parameter.ts'
import { type Summary, summarize } from './summary.ts'

export type StateDict = Record<string, HostTensor>

type Leaf = Parameter | Buffer | Counter
const isLeaf = (value: unknown): value is Leaf =>
  value instanceof Parameter || value instanceof Buffer || value instanceof Counter

/**
 * A part of a network: parameters, buffers and other modules in its fields, and a forward pass.
 *
 * Names come from the fields, dotted, arrays by index (`encoder.0.conv.weight`); a subclass whose field names are
 * PyTorch's has PyTorch's checkpoints.
 */
export abstract class Module {
  abstract forward(x: Tensor, context?: Context): Tensor

  /** Whether a filter here is applied at each input position (a transposed convolution) instead of each output position. */
  get transposed(): boolean {
    return false
  }

  /** The child modules by name, in the order of the fields. */
  children(): Map<string, Module> {
    const children = new Map<string, Module>()
    for (const [name, value] of Object.entries(this)) collect(name, value, children)
    return children
  }

  /** Every trainable tensor by its dotted name. */
  parameters(): Map<string, Parameter> {
    return new Map([...this.leaves()].filter((entry): entry is [string, Parameter] => entry[1] instanceof Parameter))
  }

  /** Every tensor that the forward pass updates, by its dotted name. */
  buffers(): Map<string, Buffer> {
    return new Map([...this.leaves()].filter((entry): entry is [string, Buffer] => entry[1] instanceof Buffer))
  }

  /** Parameters, buffers and counters as files hold them: PyTorch's names and layouts. */
  async stateDict(): Promise<StateDict> {
    const entries = [...this.leaves()].map(async ([name, leaf]): Promise<[string, HostTensor]> => {
      if (!(leaf instanceof Counter)) return [name, await leaf.toTorch()]
      return [name, { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(leaf.count)) }]
    })
    return Object.fromEntries(await Promise.all(entries))
  }

  /**
   * Takes the values of a state dict. Everything is checked before anything is changed.
   * @param options.strict also fail when the dict has names that this module has not
   * @throws Error naming missing or unexpected names and shapes that differ
   */
  loadStateDict(dict: StateDict, { strict = true }: { strict?: boolean } = {}): void {
    const leaves = this.leaves()
    const problems: string[] = []
    for (const [name, leaf] of leaves) {
      const host = dict[name]
      if (host === undefined) {
        problems.push(`missing ${name}`)
        continue
      }
      const shape = leaf instanceof Counter ? [] : leaf.torchShape
      if (host.shape.length !== shape.length || host.shape.some((size, axis) => size !== shape[axis])) {
        problems.push(`${name} is [${host.shape}], expected [${shape}]`)
      } else if (!(leaf instanceof Counter) && host.dtype !== leaf.value.dtype) {
        problems.push(`${name} is ${host.dtype}, expected ${leaf.value.dtype}`)
      }
    }
    if (strict) for (const name of Object.keys(dict)) if (!leaves.has(name)) problems.push(`unexpected ${name}`)
    if (problems.length > 0) {
      const shown = problems.slice(0, 5).join('; ') + (problems.length > 5 ? `; and ${problems.length - 5} more` : '')
      throw new Error(
        `loadStateDict: the state does not fit this ${this.constructor.name}: ${shown}. Build the model with the options that the checkpoint was trained with.`,
      )
    }
    for (const [name, leaf] of leaves) {
      const host = dict[name] as HostTensor
      if (leaf instanceof Counter) leaf.count = Number(host.data[0])
      else leaf.assignTorch(host)
    }
  }

  /** Layers, output shapes, parameters and multiply-adds for an input of `inputShape` (batch included). */
  summary(inputShape: readonly number[]): Summary {
    return summarize(this, inputShape)
  }

  /** Frees every tensor. */
  dispose(): void {
    for (const leaf of this.leaves().values()) if (!(leaf instanceof Counter)) leaf.dispose()
  }

  private leaves(): Map<string, Leaf> {
    const leaves = new Map<string, Leaf>()
    for (const [name, value] of Object.entries(this)) if (isLeaf(value)) leaves.set(name, value)
    for (const [name, child] of this.children()) {
      for (const [inner, leaf] of child.leaves()) leaves.set(`${name}.${inner}`, leaf)
    }
    return leaves
  }

  /** Runs the module for inference. */
  predict(x: Tensor): Tensor {
    return this.forward(x, inference)
  }
}

/** Modules are found in fields, in arrays and in plain records of modules. */
function collect(name: string, value: unknown, children: Map<string, Module>): void {
  if (value instanceof Module) children.set(name, value)
  else if (value !== null && typeof value === 'object' && !isLeaf(value)) {
    const plain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
    if (plain) for (const [key, inner] of Object.entries(value)) collect(`${name}.${key}`, inner, children)
  }
}
