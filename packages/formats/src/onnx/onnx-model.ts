import { Message } from '../protobuf.ts'
import { OnnxError } from './onnx-error.ts'

/** TensorProto.DataType's numbers. */
export const onnxTypes = { float32: 1, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 } as const
export type OnnxType = keyof typeof onnxTypes

export type Attribute = number | readonly number[] | string | { readonly float: number }

export interface OnnxNode {
  readonly name: string
  readonly type: string
  /** An empty name is an optional input that is left out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

/** A constant of the graph; `bytes` are its values, row by row, little-endian. */
export interface Initializer {
  readonly name: string
  readonly type: OnnxType
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

/** An input or output of the graph; a size that is a text is a variable of that name. */
export interface OnnxValue {
  readonly name: string
  readonly type: OnnxType
  readonly shape: readonly (number | string)[]
}

export interface OnnxGraph {
  readonly name: string
  readonly nodes: readonly OnnxNode[]
  readonly initializers: readonly Initializer[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
}

/** The version of the operators, and of the file format that came with it. */
export const OPSET = 17
const IR_VERSION = 8

/**
 * A graph as an ONNX file: a ModelProto. Field numbers are those of onnx.proto.
 *
 * @throws OnnxError if the file would be larger than 2 GiB, which protocol buffers cannot be
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function encodeOnnxModel(graph: OnnxGraph, metadata: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const model = new Message()
    .integer(1, IR_VERSION)
    .text(2, 'ddnet')
    .message(
      7,
      new Message()
        .messages(1, graph.nodes.map(nodeMessage))
        .text(2, graph.name)
        .messages(5, graph.initializers.map(initializerMessage))
        .messages(11, graph.inputs.map(valueMessage))
        .messages(12, graph.outputs.map(valueMessage)),
    )
    .message(8, new Message().text(1, '').integer(2, OPSET))
    .messages(
      14,
      Object.entries(metadata).map(([key, value]) => new Message().text(1, key).text(2, value)),
    )
  if (model.length >= 2 ** 31) {
    throw new OnnxError(
      `exportOnnx: the file would have ${model.length} bytes, and an ONNX file holds less than 2 GiB. Export with weights: 'float16'.`,
    )
  }
  return model.join()
}

function nodeMessage({ name, type, inputs, outputs, attributes }: OnnxNode): Message {
  const message = new Message()
  for (const input of inputs) message.text(1, input)
  for (const output of outputs) message.text(2, output)
  return message
    .text(3, name)
    .text(4, type)
    .messages(
      5,
      Object.entries(attributes).map(([key, value]) => attributeMessage(key, value)),
    )
}

// The numbers after `integer(20, …)` are AttributeProto.AttributeType's.
function attributeMessage(name: string, value: Attribute): Message {
  const message = new Message().text(1, name)
  if (typeof value === 'number') return message.integer(3, value).integer(20, 2)
  if (typeof value === 'string') return message.text(4, value).integer(20, 3)
  if ('float' in value) return message.float(2, value.float).integer(20, 1)
  return message.integers(8, value).integer(20, 7)
}

const initializerMessage = ({ name, type, shape, bytes }: Initializer): Message =>
  new Message().integers(1, shape).integer(2, onnxTypes[type]).text(8, name).bytes(9, bytes)

function valueMessage({ name, type, shape }: OnnxValue): Message {
  const sizes = shape.map((size) =>
    typeof size === 'number' ? new Message().integer(1, size) : new Message().text(2, size),
  )
  const tensor = new Message().integer(1, onnxTypes[type]).message(2, new Message().messages(1, sizes))
  return new Message().text(1, name).message(2, new Message().message(1, tensor))
}
