import { clone, type HostTensor, type Tensor, tidy } from '@ddnet/ops'
import { isBuffer, isCounter, isModule, isParameter, type Leaf, leavesOf, modulesOf, partsOf } from './discover.ts'
import { listed } from './listed.ts'
import { matcherOf, unknownName } from './name-pattern.ts'
import type { Buffer, Parameter } from './parameter.ts'
import { openPass } from './pass.ts'

export type StateDict = Record<string, HostTensor>

/** What a state dict and a module do not have in common, by name, as in PyTorch's `load_state_dict`. */
export interface Incompatible {
  /** What the module has and the dict has not. */
  readonly missing: readonly string[]
  /** What the dict has and the module has not. */
  readonly unexpected: readonly string[]
}

/** How a state dict and a module fit, by name. */
export interface StateDictComparison extends Incompatible {
  /** What both have in other shapes or types, as they are written: `[1000,512]`, `float32`. */
  readonly different: readonly { readonly name: string; readonly found: string; readonly expected: string }[]
}

/**
 * A part of a network: parameters, buffers and other modules in its fields, in arrays and in plain records there, at any depth,
 * and a forward pass.
 *
 * Names come from the fields, dotted, arrays by index (`encoder.0.conv.weight`); a subclass whose field names are PyTorch's has
 * PyTorch's checkpoints. A module holds no mode: whether it trains, `currentPass()` knows.
 *
 * @example
 * class Block extends Module {
 *   readonly conv = new Conv2d(3, 8, { kernelSize: 3 })
 *   readonly norm = new BatchNorm(8)
 *   override forward(x: Tensor): Tensor {
 *     return pipe(x, this.conv, this.norm, relu)
 *   }
 * }
 */
export abstract class Module {
  get '~ddnet'(): 'module' {
    return 'module'
  }

  /** Each subclass says what it takes and gives: any number of inputs, one result or a record of them. */
  abstract forward(...inputs: never[]): unknown

  /** The child modules by name, in the order of the fields. */
  children(): Map<string, Module> {
    return new Map([...partsOf(this)].filter((entry): entry is [string, Module] => isModule(entry[1])))
  }

  /** This module as '', and every module below it by its dotted name; what is shared once, by the first of its names. */
  modules(): Map<string, Module> {
    return modulesOf(this)
  }

  /** Every trainable tensor by its dotted name; one that is shared once, by the first of its names. */
  parameters(): Map<string, Parameter> {
    return new Map([...owned(this)].filter((entry): entry is [string, Parameter] => isParameter(entry[1])))
  }

  /** Every tensor that the forward pass updates, by its dotted name; one that is shared once, by the first of its names. */
  buffers(): Map<string, Buffer> {
    return new Map([...owned(this)].filter((entry): entry is [string, Buffer] => isBuffer(entry[1])))
  }

  /**
   * Freezes parameters: they get no gradient and no update, as with PyTorch's `requires_grad = False`. Gradients still flow through
   * what is computed with them, and norms still count their batches: `freezeStatistics` stops that.
   *
   * @param patterns dotted names of parameters, or of modules for all of theirs; `*` stands for any characters, dots too.
   *   Without any, all parameters
   * @throws RangeError for a pattern that names no parameter
   * @example model.freeze('backbone', '*.bias')
   */
  freeze(...patterns: string[]): void {
    for (const parameter of named(this, 'freeze', patterns, isParameter, 'parameter')) parameter.frozen = true
  }

  /** Takes back what `freeze` did to the parameters of these names. */
  unfreeze(...patterns: string[]): void {
    for (const parameter of named(this, 'unfreeze', patterns, isParameter, 'parameter')) parameter.frozen = false
  }

  /**
   * Freezes running statistics, and what else a training pass changes beside the parameters: norms of these names normalise by them in
   * training as in inference, and count no batches, as after PyTorch's `norm.eval()`. Their weights and biases are `freeze`'s.
   *
   * @param patterns as those of `freeze`, of buffers: `backbone` are all that are in it. Without any, all buffers
   * @throws RangeError for a pattern that names no buffer
   * @example model.freeze('backbone'); model.freezeStatistics('backbone')
   */
  freezeStatistics(...patterns: string[]): void {
    for (const buffer of named(this, 'freezeStatistics', patterns, isBuffer, 'buffer')) buffer.frozen = true
  }

  /** Takes back what `freezeStatistics` did to the buffers of these names. */
  unfreezeStatistics(...patterns: string[]): void {
    for (const buffer of named(this, 'unfreezeStatistics', patterns, isBuffer, 'buffer')) buffer.frozen = false
  }

  /**
   * Parameters, buffers and counters as files hold them: PyTorch's names and layouts. What is shared is there under each of its
   * names, as in PyTorch's `state_dict`, which loads such a file strictly.
   *
   * @throws Error if one has no value yet
   */
  async stateDict(): Promise<StateDict> {
    const leaves = leavesOf(this)
    expectReady('stateDict', this, leaves)
    const entries = leaves.map(async ([name, leaf]): Promise<[string, HostTensor]> => {
      if (!isCounter(leaf)) return [name, await leaf.toTorch()]
      return [name, { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(leaf.count)) }]
    })
    return Object.fromEntries(await Promise.all(entries))
  }

  /**
   * Takes the values of a state dict. Everything is checked before anything is changed. Of what is shared one name is enough;
   * several must have equal values.
   *
   * @param options.strict as in PyTorch: false takes what both have, and leaves the rest as it is, to `init` for example
   * @returns the names that only one of the two has
   * @throws Error naming shapes and types that differ and, where it is strict, missing and unexpected names
   * @example
   * model.loadStateDict(pretrained, { strict: false }) // { missing: ['head.weight', 'head.bias'], unexpected: [] }
   * init(model, key) // the new head
   */
  loadStateDict(dict: StateDict, { strict = true }: { strict?: boolean } = {}): Incompatible {
    const { values, missing, unexpected, different, repeated } = this.#compare(dict)
    const problems = [
      ...different.map(({ name, found, expected }) => `${name} is ${found}, expected ${expected}`),
      ...repeated,
      ...(strict
        ? [...missing.map((name) => `missing ${name}`), ...unexpected.map((name) => `unexpected ${name}`)]
        : []),
    ]
    if (problems.length > 0) {
      throw new Error(
        `loadStateDict: the state does not fit this ${this.constructor.name}: ${listed(problems, '; ')}. Build the model with the options that the checkpoint was trained with.`,
      )
    }
    for (const [leaf, host] of values) {
      if (isCounter(leaf)) leaf.count = Number(host.data[0])
      else leaf.assignTorch(host)
    }
    return { missing, unexpected }
  }

  /** How a state dict fits, before anything is taken of it; the model needs no values yet. */
  compareStateDict(dict: StateDict): StateDictComparison {
    const { missing, unexpected, different } = this.#compare(dict)
    return { missing, unexpected, different }
  }

  /** `repeated` are problems of what is shared and has several names, in words. */
  #compare(
    dict: StateDict,
  ): StateDictComparison & { values: ReadonlyMap<Leaf, HostTensor>; repeated: readonly string[] } {
    const leaves = leavesOf(this)
    const different: StateDictComparison['different'][number][] = []
    const repeated: string[] = []
    const given = new Map<Leaf, string>()
    const values = new Map<Leaf, HostTensor>()
    for (const [name, leaf] of leaves) {
      const host = dict[name]
      if (host === undefined) continue
      const shape = isCounter(leaf) ? [] : leaf.torchShape
      const before = values.get(leaf)
      if (host.shape.join() !== shape.join()) different.push({ name, found: `[${host.shape}]`, expected: `[${shape}]` })
      else if (!isCounter(leaf) && host.dtype !== 'float32') {
        different.push({ name, found: host.dtype, expected: 'float32' })
      } else if (before !== undefined && !equalValues(before, host)) {
        repeated.push(`${name} has other values than ${given.get(leaf)}, and is the same ${leaf['~ddnet']} here`)
      }
      given.set(leaf, name)
      values.set(leaf, host)
    }
    const missing = [...owned(this)].flatMap(([name, leaf]) => (values.has(leaf) ? [] : [name]))
    const names = new Set(leaves.map(([name]) => name))
    const unexpected = Object.keys(dict).filter((name) => !names.has(name))
    return { values, missing, unexpected, different, repeated }
  }

  /**
   * Runs the module for inference. What lies between is freed, inside `tidy` or not; the caller disposes what comes back: a
   * tensor, or whatever `forward` gives that holds tensors in records and arrays.
   */
  predict<M extends Module>(this: M, ...inputs: Parameters<M['forward']>): ReturnType<M['forward']> {
    const kept = new Set<unknown>(inputs)
    for (const [, leaf] of leavesOf(this)) if (!isCounter(leaf) && leaf.ready) kept.add(leaf.value)
    const run = () => openPass({ training: false, root: this }, () => this.forward(...inputs))
    // biome-ignore lint/suspicious/noExplicitAny: tidy takes nested records of tensors, but its type has no name for those of `forward`
    return tidy(() => ownTensors(run(), kept) as any) as ReturnType<M['forward']>
  }

  /** Frees every tensor. */
  dispose(): void {
    for (const leaf of owned(this).values()) if (!isCounter(leaf)) leaf.dispose()
  }
}

/**
 * A module that takes `In` and gives `Out`: the type of a place for any such module.
 *
 * @example readonly head: ModuleOf<[features: Tensor], { heatMap: Tensor; size: Tensor }>
 */
export type ModuleOf<In extends unknown[] = [x: Tensor], Out = Tensor> = Module & { forward(...inputs: In): Out }

/** A module or a function of one input. */
export type Layer<In = Tensor, Out = Tensor> = ModuleOf<[x: In], Out> | ((x: In) => Out)

/** Each leaf once, by its first name. */
function owned(module: Module): Map<string, Leaf> {
  const seen = new Set<Leaf>()
  return new Map(leavesOf(module).filter(([, leaf]) => !seen.has(leaf) && seen.add(leaf)))
}

/** @throws Error naming the parameters and buffers that have no value yet */
export function expectReady(what: string, module: Module, leaves: readonly [string, Leaf][] = leavesOf(module)): void {
  const missing = leaves.flatMap(([name, leaf]) => (isCounter(leaf) || leaf.ready ? [] : [name]))
  if (missing.length === 0) return
  throw new Error(
    `${what}: this ${module.constructor.name} has no values yet for ${listed(missing, ', ')}. Give it some first: init(model, key) or model.loadStateDict(dict).`,
  )
}

/** The leaves of one kind that patterns name. */
function named<L extends Leaf>(
  module: Module,
  what: string,
  patterns: readonly string[],
  isOne: (leaf: unknown) => leaf is L,
  noun: string,
): L[] {
  const leaves = leavesOf(module).filter((entry): entry is [string, L] => isOne(entry[1]))
  if (patterns.length === 0) return leaves.map(([, leaf]) => leaf)
  return patterns.flatMap((pattern) => {
    const matcher = matcherOf(pattern)
    const found = leaves.filter(([name]) => matcher.test(name))
    if (found.length > 0) return found.map(([, leaf]) => leaf)
    throw unknownName(
      what,
      pattern,
      module,
      leaves.map(([name]) => name),
      noun,
    )
  })
}

/** The tensors in `value`, with new handles for those that are somebody else's: what comes back is the caller's to dispose. */
function ownTensors(value: unknown, kept: ReadonlySet<unknown>): unknown {
  if (value === null || typeof value !== 'object') return value
  if ('dataId' in value) return kept.has(value) ? clone(value) : value
  if (Array.isArray(value)) return value.map((each) => ownTensors(each, kept))
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, ownTensors(each, kept)]))
}

function equalValues(a: HostTensor, b: HostTensor): boolean {
  for (let at = 0; at < a.data.length; at++) if (!Object.is(a.data[at], b.data[at])) return false
  return a.data.length === b.data.length
}
