import { type HostTensor, permuteHost } from '@ddnet/ops'
import { itemAt, tuple } from '@ddnet/ops/checks'
import { toFloat16 } from '../float16.ts'
import type { ModelTensor, Operation } from './align.ts'
import { OnnxError } from './onnx-error.ts'
import type { Attribute, Initializer, OnnxNode, OnnxType } from './onnx-model.ts'
import { isSameOrder, natural, type Order, reshapedOrder, significant } from './order.ts'
import { areSame, atBatches, type Size, shapeText, sizeOf } from './size.ts'

/** A tensor of the graph: its name, and how it lies in memory. */
interface Stored {
  readonly name: string
  readonly order: Order
}

export interface GraphOptions {
  /** What files call a constant, by the tensor's id. */
  readonly names: ReadonlyMap<number, string>
  readonly weights: 'float32' | 'float16'
  /** The name of the graph's input. */
  readonly input: string
}

/**
 * Collects nodes and initializers. Tensors are stored in whatever order the operator that made them prefers, and are
 * transposed only where one that reads them needs another.
 */
export class GraphBuilder {
  readonly initializers: Map<string, Initializer> = new Map()
  readonly nodes: OnnxNode[] = []
  readonly #options: GraphOptions
  readonly #stored = new Map<number, Stored>()
  readonly #shapes = new Map<string, readonly Size[]>() // as stored
  readonly #producers = new Map<string, OnnxNode>()
  readonly #converted = new Map<string, string>()
  readonly #taken = new Set<string>()
  readonly #ids = new Map<string, number>()

  constructor(options: GraphOptions) {
    this.#options = options
    this.#taken.add(options.input)
  }

  /** The tensor `tensor` of the model is `name` in the graph, stored in `order`. */
  define(tensor: ModelTensor, name: string, order: Order = natural(tensor.shape.length)): void {
    this.#stored.set(tensor.id, { name, order })
    if (!this.#ids.has(name)) this.#ids.set(name, tensor.id)
    this.#shapes.set(name, asStored(tensor.shape, order))
  }

  /** `alias` has the values and the shape of `tensor`. */
  alias(alias: ModelTensor, tensor: ModelTensor): void {
    const { name, order } = this.#find(tensor)
    this.define(alias, name, order)
  }

  /** The tensor of the model that is `name`, by its id; nothing for what an operator has inside of it. */
  idOf(name: string): number | undefined {
    return this.#ids.get(name)
  }

  /** How the tensor is stored; undefined for a constant, which is stored as anyone likes. */
  order(tensor: ModelTensor): Order | undefined {
    return tensor.constant === undefined || this.#stored.has(tensor.id) ? this.#find(tensor).order : undefined
  }

  /** The name of the tensor stored in `order`; seen in another `shape`, which may have more or fewer axes of size 1. */
  read(
    tensor: ModelTensor,
    order: Order = natural(tensor.shape.length),
    shape: readonly Size[] = tensor.shape,
  ): string {
    if (tensor.constant !== undefined && !this.#stored.has(tensor.id)) return this.#constant(tensor, order, shape)
    const { name, order: from } = this.#find(tensor)
    return this.#relayout({ name, order: from }, tensor.shape, order, shape)
  }

  /** The tensor broadcast to `rank` axes and stored in `order`; first axes of size 1 may be missing. */
  readBroadcast(tensor: ModelTensor, order: Order): string {
    const missing = order.length - tensor.shape.length
    if (missing === 0) return this.read(tensor, order)
    if (tensor.shape.length === 0 || isSameOrder(order, natural(order.length))) return this.read(tensor)
    return this.read(tensor, order, [...new Array<number>(missing).fill(1), ...tensor.shape])
  }

  /** Adds a node; gives the name of its result. */
  node(type: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return itemAt(this.nodeOf(type, inputs, attributes, 1), 0)
  }

  /** Adds a node with several results. */
  nodeOf(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    results: number,
  ): string[] {
    // A layer's nodes are called as the layer, told by its parameters.
    const parameter = inputs.find((input) => input.includes('.') && this.initializers.has(input))
    const name = this.#unused(
      parameter === undefined ? type.toLowerCase() : parameter.slice(0, parameter.lastIndexOf('.')),
    )
    const outputs = Array.from({ length: results }, (_, index) =>
      index === 0 ? name : this.#unused(`${name}_output${index}`),
    )
    const node: OnnxNode = { name, type, inputs, outputs, attributes }
    this.nodes.push(node)
    for (const output of outputs) this.#producers.set(output, node)
    return outputs
  }

  /** The node that gives `name`. */
  producer(name: string): OnnxNode | undefined {
    return this.#producers.get(name)
  }

  /** `name` in another shape; of two reshapes in a row one is left. */
  reshape(name: string, to: readonly Size[]): string {
    const shape = this.#shapes.get(name)
    if (shape !== undefined && areSame(shape, to)) return name
    const before = this.#producers.get(name)
    const source = before?.type === 'Reshape' ? itemAt(before.inputs, 0) : name
    const known = this.#shapes.get(source)
    if (known !== undefined && areSame(known, to)) return source
    const dynamic = to.filter((size) => typeof size !== 'number').length
    const sizes =
      dynamic === 1 ? this.integers(to.map((size) => (typeof size === 'number' ? size : -1))) : this.sizes(to)
    const result = this.node('Reshape', [source, sizes])
    this.#shapes.set(result, to)
    return result
  }

  transpose(name: string, permutation: readonly number[]): string {
    return this.#once(`transpose ${name} ${permutation}`, () => this.node('Transpose', [name], { perm: permutation }))
  }

  /** A vector of int64. */
  integers(values: readonly number[]): string {
    const data = BigInt64Array.from(values, (value) => BigInt(value))
    return this.#once(`int64 ${values}`, () => this.#initializer('sizes', 'int64', [values.length], bytesOf(data)))
  }

  /** A float32 scalar, or a tensor of them. */
  floats(values: number | ArrayLike<number>, shape: readonly number[] = []): string {
    const data = typeof values === 'number' ? Float32Array.of(values) : Float32Array.from(values)
    const add = () => this.#initializer('constant', 'float32', shape, bytesOf(data))
    return data.length > 16
      ? add()
      : this.#once(`float32 [${shape}] ${[...data].map((each) => (Object.is(each, -0) ? '-0' : each))}`, add)
  }

  /** Sizes as a vector of int64, computed from the input's batch where they depend on it. */
  sizes(sizes: readonly Size[]): string {
    if (sizes.every((size) => typeof size === 'number')) return this.integers(sizes)
    return this.#once(`sizes ${shapeText(sizes)}`, () => {
      const parts = sizes.map((size) => {
        if (typeof size === 'number') return this.integers([size])
        const batch = this.#once('batch', () => this.node('Shape', [this.#options.input], { start: 0, end: 1 }))
        return size.perBatch === 1 ? batch : this.node('Mul', [batch, this.integers([size.perBatch])])
      })
      return parts.length === 1 ? itemAt(parts, 0) : this.node('Concat', parts, { axis: 0 })
    })
  }

  /** An attribute's list of sizes in both traces as one. */
  sizesOf(operation: Operation, attribute: string): Size[] {
    const [first, second] = operation.attributes.map((attributes) => attributes[attribute] as readonly number[])
    return (first as readonly number[]).map((value, index) => {
      const size = sizeOf(value, second?.[index] ?? Number.NaN)
      if (size === undefined) {
        throw new OnnxError(
          `exportOnnx: ${operation.name}'s ${attribute} is ${JSON.stringify(first)} for two inputs and ${JSON.stringify(second)} for three. It must be constant or a multiple of the batch.`,
        )
      }
      return size
    })
  }

  #find(tensor: ModelTensor): Stored {
    const stored = this.#stored.get(tensor.id)
    if (stored === undefined)
      throw new OnnxError(`exportOnnx: a tensor ${shapeText(tensor.shape)} is used that no operator gave.`)
    return stored
  }

  #relayout({ name, order: from }: Stored, shape: readonly Size[], order: Order, seen: readonly Size[]): string {
    const free = reshapedOrder(shape, seen, from)
    const target = asStored(seen, order)
    // Where only axes of size 1 move, no value does.
    if (free !== undefined && areSameAxes(significant(free, seen), significant(order, seen)))
      return this.reshape(name, target)
    if (areSame(shape, seen))
      return this.transpose(
        name,
        order.map((axis) => from.indexOf(axis)),
      )
    const plain = this.#relayout({ name, order: from }, shape, natural(shape.length), shape)
    const reshaped = this.reshape(plain, seen)
    return isSameOrder(order, natural(order.length)) ? reshaped : this.transpose(reshaped, order)
  }

  /** A constant in the order and shape that its reader wants. One that is the same for every input is repeated. */
  #constant(tensor: ModelTensor, order: Order, shape: readonly Size[]): string {
    const { host, repeated } = atOneInput(tensor)
    const sizes =
      shape.length === host.shape.length
        ? host.shape
        : [...new Array(shape.length - host.shape.length).fill(1), ...host.shape]
    const permuted = permuteHost({ ...host, shape: sizes }, order)
    const called = this.#options.names.get(tensor.id)
    const name = this.#once(`constant ${tensor.id} ${order} ${sizes}`, () => {
      if (permuted.dtype === 'float32') return this.#floatConstant(permuted, called)
      const type = permuted.dtype === 'bool' ? 'bool' : 'int32'
      return this.#initializer(called ?? 'constant', type, permuted.shape, bytesOf(permuted.data))
    })
    return repeated ? this.node('Expand', [name, this.sizes(asStored(shape, order))]) : name
  }

  #floatConstant({ shape, data }: HostTensor & { dtype: 'float32' }, called: string | undefined): string {
    if (called === undefined && data.length <= 16) return this.floats(data, shape)
    // Vectors (biases, statistics) take little room, and float16 would cost their digits.
    if (this.#options.weights === 'float32' || shape.filter((size) => size > 1).length < 2) {
      return this.#initializer(called ?? 'constant', 'float32', shape, bytesOf(data))
    }
    const bits = toFloat16(data)
    const beyond = bits.findIndex((half, at) => (half & 0x7fff) === 0x7c00 && Number.isFinite(data[at]))
    if (beyond !== -1) {
      throw new OnnxError(
        `exportOnnx: ${called ?? 'a constant'} holds ${data[beyond]}, and float16 ends at 65504. Export with weights: 'float32'.`,
      )
    }
    const half = this.#initializer(called ?? 'constant', 'float16', shape, bytesOf(bits))
    return this.node('Cast', [half], { to: 1 })
  }

  #initializer(called: string, type: OnnxType, shape: readonly number[], bytes: Uint8Array): string {
    const name = this.#unused(called)
    this.initializers.set(name, { name, type, shape, bytes })
    return name
  }

  #once(key: string, make: () => string): string {
    const known = this.#converted.get(key)
    if (known !== undefined) return known
    const name = make()
    this.#converted.set(key, name)
    return name
  }

  #unused(name: string): string {
    let free = name
    for (let count = 1; this.#taken.has(free); count++) free = `${name}_${count}`
    this.#taken.add(free)
    return free
  }
}

export const asStored = (shape: readonly Size[], order: Order): Size[] => order.map((axis) => itemAt(shape, axis))

const areSameAxes = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((axis, at) => axis === b[at])

const bytesOf = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/** The values of a constant; where its shape depends on the batch, those of one input, which all must share. */
function atOneInput({ shape, constant }: ModelTensor): { host: HostTensor; repeated: boolean } {
  const [first, second] = constant as readonly [HostTensor, HostTensor] // told by the caller
  const collapsed = tuple(
    [first, second].map((host, trace) => {
      let values = host
      for (const [axis, size] of shape.entries()) {
        if (typeof size !== 'number') values = firstAlong(values, axis, itemAt(atBatches(size), trace))
      }
      return values
    }),
    2,
  )
  const [a, b] = collapsed
  if (a.data !== b.data && a.data.some((value, index) => value !== b.data[index] && !Object.is(value, b.data[index]))) {
    throw new OnnxError(
      `exportOnnx: a constant ${shapeText(shape)} has other values at another batch size. Is it random? Draw it outside of the model.`,
    )
  }
  return { host: a, repeated: shape.some((size) => typeof size !== 'number') }
}

/** The first of the `count` parts of `host` along `axis`, which must be alike. */
function firstAlong(host: HostTensor, axis: number, count: number): HostTensor {
  const inner = host.shape.slice(axis + 1).reduce((all, size) => all * size, 1)
  const data = host.data.filter((_, index) => Math.floor(index / inner) % count === 0)
  const differs = host.data.some((value, index) => {
    const outer = Math.floor(index / (inner * count))
    return value !== data[outer * inner + (index % inner)]
  })
  if (differs) {
    throw new OnnxError(
      `exportOnnx: a constant [${host.shape}] has other values for each input of the batch. Make it an input, or the same for all.`,
    )
  }
  return { ...host, shape: host.shape.with(axis, 1), data } as HostTensor // of the dtype of `host`
}
