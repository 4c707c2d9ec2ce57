import { itemAt } from '@ddnet/ops/checks'
import type { ModelTensor, Operation } from './align.ts'
import type { GraphBuilder } from './graph-builder.ts'
import { OnnxError } from './onnx-error.ts'

/** Adds the nodes of one operator to the graph, and tells it what they give. */
export type Converter = (graph: GraphBuilder, operation: Operation) => void
export type Converters = Readonly<Record<string, Converter>>

export function input({ name, inputs }: Operation, role: string): ModelTensor {
  const tensor = inputs[role]
  if (tensor === undefined) throw new OnnxError(`exportOnnx: ${name} has no input '${role}'.`)
  return tensor
}

export const output = ({ outputs }: Operation, index = 0): ModelTensor => itemAt(outputs, index)

/** Attributes that must not depend on the batch. */
export function constants<A>({ name, attributes: [first, second] }: Operation): A {
  const [a, b] = [JSON.stringify(first), JSON.stringify(second)]
  if (a !== b) {
    throw new OnnxError(
      `exportOnnx: ${name} has ${a} for two inputs and ${b} for three. Its attributes cannot depend on the batch.`,
    )
  }
  return first as A
}

/** A size that must not depend on the batch. */
export const sizeAt = (tensor: ModelTensor, axis: number, operator: string): number => {
  const size = tensor.shape[axis]
  if (typeof size === 'number') return size
  throw new OnnxError(`exportOnnx: ${operator} works along the batch, whose size is not known in the file.`)
}
