import { clone, type HostTensor, type Tensor, tidy } from '@ddnet/ops'
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

  /** Every trainable tensor by its dotted name; one that is shared once, by the first of its names. */
  parameters(): Map<string, Parameter> {
    return new Map([...this.owned()].filter((entry): entry is [string, Parameter] => entry[1] instanceof Parameter))
  }

  /** Every tensor that the forward pass updates, by its dotted name; one that is shared once, by the first of its names. */
  buffers(): Map<string, Buffer> {
    return new Map([...this.owned()].filter((entry): entry is [string, Buffer] => entry[1] instanceof Buffer))
  }

  /**
   * Parameters, buffers and counters as files hold them: PyTorch's names and layouts. What is shared is there under each of its
   * names, as in PyTorch's `state_dict`, which loads such a file strictly.
   */
  async stateDict(): Promise<StateDict> {
    const entries = [...this.leaves()].map(async ([name, leaf]): Promise<[string, HostTensor]> => {
      if (!(leaf instanceof Counter)) return [name, await leaf.toTorch()]
      return [name, { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(leaf.count)) }]
    })
    return Object.fromEntries(await Promise.all(entries))
  }

  /**
   * Takes the values of a state dict. Everything is checked before anything is changed. Of what is shared one name is enough;
   * several must have equal values.
   * @param options.strict also fail when the dict has names that this module has not
   * @throws Error naming missing or unexpected names and shapes that differ
   */
  loadStateDict(dict: StateDict, { strict = true }: { strict?: boolean } = {}): void {
    const leaves = this.leaves()
    const problems: string[] = []
    const given = new Map<Leaf, string>()
    const values = new Map<Leaf, HostTensor>()
    for (const [name, leaf] of leaves) {
      const host = dict[name]
      if (host === undefined) continue
      const shape = leaf instanceof Counter ? [] : leaf.torchShape
      const before = values.get(leaf)
      if (host.shape.length !== shape.length || host.shape.some((size, axis) => size !== shape[axis])) {
        problems.push(`${name} is [${host.shape}], expected [${shape}]`)
      } else if (!(leaf instanceof Counter) && host.dtype !== leaf.value.dtype) {
        problems.push(`${name} is ${host.dtype}, expected ${leaf.value.dtype}`)
      } else if (before !== undefined && !equalValues(before, host)) {
        problems.push(`${name} has other values than ${given.get(leaf)}, and is the same ${leaf.kind} here`)
      }
      given.set(leaf, name)
      values.set(leaf, host)
    }
    for (const [name, leaf] of this.owned()) if (!values.has(leaf)) problems.push(`missing ${name}`)
    if (strict) for (const name of Object.keys(dict)) if (!leaves.has(name)) problems.push(`unexpected ${name}`)
    if (problems.length > 0) {
      const shown = problems.slice(0, 5).join('; ') + (problems.length > 5 ? `; and ${problems.length - 5} more` : '')
      throw new Error(
        `loadStateDict: the state does not fit this ${this.constructor.name}: ${shown}. Build the model with the options that the checkpoint was trained with.`,
      )
    }
    for (const [leaf, host] of values) {
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
    for (const leaf of this.owned().values()) if (!(leaf instanceof Counter)) leaf.dispose()
  }

  /** Each parameter, buffer and counter once, by its first name. */
  private owned(): Map<string, Leaf> {
    const seen = new Set<Leaf>()
    return new Map([...this.leaves()].filter(([, leaf]) => !seen.has(leaf) && seen.add(leaf)))
  }

  /** Under all of their names. */
  private leaves(): Map<string, Leaf> {
    const leaves = new Map<string, Leaf>()
    for (const [name, value] of Object.entries(this)) if (isLeaf(value)) leaves.set(name, value)
    for (const [name, child] of this.children()) {
      for (const [inner, leaf] of child.leaves()) leaves.set(`${name}.${inner}`, leaf)
    }
    return leaves
  }

  /**
   * Runs the module for inference. What lies between is freed, inside `tidy` or not; the caller disposes what comes back: a
   * tensor, or whatever a subclass's `forward` gives that holds tensors in records and arrays.
   */
  predict(x: Tensor): Tensor {
    return tidy(() => {
      const y = this.forward(x, inference)
      return y === x ? clone(y) : y // what comes back is the caller's to dispose, and x stays as it is
    })
  }
}

function equalValues(a: HostTensor, b: HostTensor): boolean {
  for (let at = 0; at < a.data.length; at++) if (!Object.is(a.data[at], b.data[at])) return false
  return a.data.length === b.data.length
}

/** Modules are found in fields, in arrays and in plain records of modules. */
function collect(name: string, value: unknown, children: Map<string, Module>): void {
  if (value instanceof Module) children.set(name, value)
  else if (value !== null && typeof value === 'object' && !isLeaf(value)) {
    const plain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
    if (plain) for (const [key, inner] of Object.entries(value)) collect(`${name}.${key}`, inner, children)
  }
}
