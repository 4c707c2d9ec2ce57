import type { HostTensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { OnnxError } from './onnx-error.ts'
import { type Size, sizeOf } from './size.ts'
import type { Trace, TracedOperation, TracedTensor } from './trace.ts'

/** A tensor of the model, at any batch size. */
export interface ModelTensor {
  readonly id: number
  readonly shape: readonly Size[]
  readonly dtype: string
  /** The values of a tensor that the input has no part in, in both traces. */
  readonly constant?: readonly [HostTensor, HostTensor]
}

/** An operator of the model, at any batch size. */
export interface Operation {
  readonly name: string
  readonly inputs: Readonly<Record<string, ModelTensor>>
  readonly outputs: readonly ModelTensor[]
  /** The attributes in each of the two traces. */
  readonly attributes: readonly [Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>]
  /** What it is composed of. */
  parts(): Operation[]
}

/** The values of a trace's constants, by id. */
export type Constants = ReadonlyMap<number, HostTensor>

/** Two traces of one model at two batch sizes, as one. */
export class AlignedTraces {
  readonly #first: Trace
  readonly #second: Trace
  readonly #constants: readonly [Constants, Constants]
  readonly #tensors = new Map<number, ModelTensor>()

  constructor(first: Trace, second: Trace, constants: readonly [Constants, Constants]) {
    this.#first = first
    this.#second = second
    this.#constants = constants
  }

  get input(): ModelTensor {
    return this.#tensor(this.#first.input, this.#second.input, 'the input')
  }

  get operations(): Operation[] {
    return this.#align(this.#first.operations, this.#second.operations, 'the model')
  }

  get outputs(): [name: string, ModelTensor][] {
    return Object.entries(this.#first.outputs).map(([name, id]) => {
      const other = this.#second.outputs[name]
      if (other === undefined) throw new OnnxError(`exportOnnx: the output '${name}' depends on the batch size.`)
      const tensor = this.#first.tensors.get(id) === undefined ? undefined : this.#tensor(id, other, `output '${name}'`)
      if (tensor === undefined || tensor.constant !== undefined) {
        throw new OnnxError(
          `exportOnnx: the output '${name}' does not depend on the input. Return what the model computes.`,
        )
      }
      return [name, tensor]
    })
  }

  #align(first: readonly TracedOperation[], second: readonly TracedOperation[], where: string): Operation[] {
    const differs = first.findIndex((operation, at) => operation.name !== second[at]?.name)
    if (differs !== -1 || first.length !== second.length) {
      const at = differs === -1 ? first.length : differs
      throw new OnnxError(
        `exportOnnx: ${where} runs other operators at another batch size: its operator ${at} is ${first[at]?.name ?? 'missing'} for two inputs and ${second[at]?.name ?? 'missing'} for three. Write it so that the batch is an axis and nothing else.`,
      )
    }
    return first.map((operation, at) => this.#operation(operation, itemAt(second, at)))
  }

  #operation(first: TracedOperation, second: TracedOperation): Operation {
    const { name } = first
    const inputs = first.inputs.map(([role, id], at): [string, ModelTensor] => {
      const other = second.inputs[at]?.[1]
      return [role, this.#tensor(id, other, `${name}'s ${role}`)]
    })
    return {
      name,
      inputs: Object.fromEntries(inputs),
      outputs: first.outputs.map((id, at) => this.#tensor(id, second.outputs[at], `the result of ${name}`)),
      attributes: [first.attributes, second.attributes],
      parts: () => this.#align(first.parts, second.parts, name),
    }
  }

  #tensor(id: number, other: number | undefined, what: string): ModelTensor {
    const known = this.#tensors.get(id)
    if (known !== undefined) return known
    const [a, b] = [this.#first.tensors.get(id), this.#second.tensors.get(other ?? -1)]
    if (a === undefined || b === undefined) throw new OnnxError(`exportOnnx: ${what} is not known at every batch size.`)
    const constant = this.#constant(id, other as number)
    const tensor = { id, shape: shapeOf(a, b, what), dtype: a.dtype, ...(constant && { constant }) }
    this.#tensors.set(id, tensor)
    return tensor
  }

  #constant(id: number, other: number): [HostTensor, HostTensor] | undefined {
    const [first, second] = [this.#constants[0].get(id), this.#constants[1].get(other)]
    return first === undefined || second === undefined ? undefined : [first, second]
  }
}

function shapeOf(a: TracedTensor, b: TracedTensor, what: string): Size[] {
  const sizes = a.shape.map((size, axis) => sizeOf(size, b.shape[axis] ?? -1))
  if (a.shape.length !== b.shape.length || sizes.includes(undefined)) {
    throw new OnnxError(
      `exportOnnx: ${what} is [${a.shape}] for two inputs and [${b.shape}] for three. Sizes must be constant or multiples of the batch.`,
    )
  }
  return sizes as Size[]
}
