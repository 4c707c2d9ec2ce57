import { itemAt } from '@ddnet/ops/checks'
import type { ModelTensor, Operation } from '../align.ts'
import { type Converter, type Converters, constants, input, output } from '../converter.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { OnnxError } from '../onnx-error.ts'
import { onnxTypes } from '../onnx-model.ts'
import { natural } from '../order.ts'

type Emit = (graph: GraphBuilder, inputs: string[], operation: Operation) => string

/** An operator on values at the same place, with broadcasting; stored as its first input of full rank is. */
export const elementwise =
  (roles: readonly string[], emit: Emit): Converter =>
  (graph, operation) => {
    const tensors = roles.map((role) => input(operation, role))
    const result = output(operation)
    const order = commonOrder(graph, tensors, result)
    const names = tensors.map((tensor) => graph.readBroadcast(tensor, order))
    graph.define(result, emit(graph, names, operation), order)
  }

export function commonOrder(
  graph: GraphBuilder,
  tensors: readonly ModelTensor[],
  { shape }: ModelTensor,
): readonly number[] {
  const full = tensors.filter((tensor) => tensor.shape.length === shape.length)
  return full.map((tensor) => graph.order(tensor)).find((order) => order !== undefined) ?? natural(shape.length)
}

const unary = (type: string): Converter => elementwise(['x'], (graph, names) => graph.node(type, names))
const binary = (type: string): Converter => elementwise(['a', 'b'], (graph, names) => graph.node(type, names))

/** `a + b`; a bias behind a matrix product becomes part of it. */
const sum: Emit = (graph, names) => {
  for (const [at, name] of names.entries()) {
    const product = graph.producer(name)
    const bias = itemAt(names, 1 - at)
    const isBias = graph.initializers.get(bias)?.shape.length === 1
    if (product?.type === 'Gemm' && product.inputs.length === 2 && isBias) {
      return graph.node('Gemm', [...product.inputs, bias], product.attributes)
    }
  }
  return graph.node('Add', names)
}

const bound = (graph: GraphBuilder, value: number): string => (Number.isFinite(value) ? graph.floats(value) : '')

const clip = elementwise(['x'], (graph, [x], operation) => {
  const { min, max } = operation.attributes[0] as { min: number; max: number }
  return graph.node('Clip', [x as string, bound(graph, min), bound(graph, max)])
})

/** The activation behind a convolution or a norm, if there is one. */
export const withActivation = (
  graph: GraphBuilder,
  name: string,
  { attributes: [{ activation }] }: Operation,
): string => (activation === 'relu' ? graph.node('Relu', [name]) : name)

const cast: Emit = (graph, [x], operation) => {
  const { dtype } = constants<{ dtype: string }>(operation)
  if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
    throw new OnnxError(`exportOnnx: Cast to ${dtype}: expected float32, int32 or bool.`)
  }
  return graph.node('Cast', [x as string], { to: onnxTypes[dtype] })
}

export const elementwiseConverters: Converters = {
  Add: elementwise(['a', 'b'], sum),
  addBias: elementwise(['x', 'bias'], (graph, names, operation) =>
    withActivation(graph, sum(graph, names, operation), operation),
  ),
  Sub: binary('Sub'),
  Multiply: binary('Mul'),
  RealDiv: binary('Div'),
  Pow: binary('Pow'),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  SquaredDifference: elementwise(['a', 'b'], (graph, names) => {
    const difference = graph.node('Sub', names)
    return graph.node('Mul', [difference, difference])
  }),
  Abs: unary('Abs'),
  Neg: unary('Neg'),
  sign: unary('Sign'),
  Ceil: unary('Ceil'),
  Floor: unary('Floor'),
  Round: unary('Round'), // both round halves to even
  Exp: unary('Exp'),
  Log: unary('Log'),
  Sqrt: unary('Sqrt'),
  Sin: unary('Sin'),
  Cos: unary('Cos'),
  Erf: unary('Erf'),
  Tanh: unary('Tanh'),
  Sigmoid: unary('Sigmoid'),
  Relu: unary('Relu'),
  Reciprocal: unary('Reciprocal'),
  Square: elementwise(['x'], (graph, [x]) => graph.node('Mul', [x as string, x as string])),
  Rsqrt: elementwise(['x'], (graph, names) => graph.node('Reciprocal', [graph.node('Sqrt', names)])),
  Expm1: elementwise(['x'], (graph, names) => graph.node('Sub', [graph.node('Exp', names), graph.floats(1)])),
  LeakyRelu: elementwise(['x'], (graph, names, operation) =>
    graph.node('LeakyRelu', names, { alpha: { float: constants<{ alpha: number }>(operation).alpha } }),
  ),
  Prelu: elementwise(['x', 'alpha'], (graph, names) => graph.node('PRelu', names)),
  clamp: clip,
  hardTanh: clip,
  Cast: elementwise(['x'], cast),
  Equal: binary('Equal'),
  NotEqual: elementwise(['a', 'b'], (graph, names) => graph.node('Not', [graph.node('Equal', names)])),
  Greater: binary('Greater'),
  GreaterEqual: binary('GreaterOrEqual'),
  Less: binary('Less'),
  LessEqual: binary('LessOrEqual'),
  LogicalAnd: binary('And'),
  LogicalOr: binary('Or'),
  LogicalNot: unary('Not'),
  IsNan: unary('IsNaN'),
  IsFinite: elementwise(['x'], (graph, names) =>
    graph.node('Less', [graph.node('Abs', names), graph.floats(Number.POSITIVE_INFINITY)]),
  ),
  Select: elementwise(['condition', 't', 'e'], (graph, names) => graph.node('Where', names)),
  Identity: (graph, operation) => graph.alias(output(operation), input(operation, 'x')),
}
