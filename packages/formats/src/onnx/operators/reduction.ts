import type { Operation } from '../align.ts'
import { type Converter, type Converters, input, output } from '../converter.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { natural, type Order } from '../order.ts'

interface Reduction {
  readonly axis?: number | readonly number[]
  readonly reductionIndices?: number | readonly number[]
  readonly keepDims?: boolean
}

type Emit = (graph: GraphBuilder, name: string, axes: readonly number[], keep: number) => string

/** A reduction over some axes; what is left stays in its order. */
const reduction =
  (emit: Emit): Converter =>
  (graph, operation) => {
    const x = input(operation, 'x')
    const { axis, reductionIndices, keepDims = false } = operation.attributes[0] as Reduction
    const rank = x.shape.length
    const axes = [axis ?? reductionIndices ?? natural(rank)].flat().map((each) => (each < 0 ? each + rank : each))
    const order = graph.order(x) ?? natural(rank)
    const places = axes.map((each) => order.indexOf(each)).sort((a, b) => a - b)
    const name = emit(graph, graph.read(x, order), places, keepDims ? 1 : 0)
    graph.define(output(operation), name, keepDims ? order : withoutAxes(order, axes))
  }

const withoutAxes = (order: Order, axes: readonly number[]): Order =>
  order.filter((axis) => !axes.includes(axis)).map((axis) => axis - axes.filter((gone) => gone < axis).length)

const byAttribute =
  (type: string): Emit =>
  (graph, name, axes, keep) =>
    graph.node(type, [name], { axes, keepdims: keep })

/** Any and all: the largest and the smallest of 0 and 1. */
const ofBooleans =
  (type: string): Emit =>
  (graph, name, axes, keep) =>
    graph.node('Cast', [byAttribute(type)(graph, graph.node('Cast', [name], { to: 6 }), axes, keep)], { to: 9 })

const position =
  (type: string): Converter =>
  (graph, operation: Operation) => {
    const x = input(operation, 'x')
    const { axis } = operation.attributes[0] as { axis: number }
    const order = graph.order(x) ?? natural(x.shape.length)
    const found = graph.node(type, [graph.read(x, order)], { axis: order.indexOf(axis), keepdims: 0 })
    graph.define(output(operation), graph.node('Cast', [found], { to: 6 }), withoutAxes(order, [axis]))
  }

export const reductionConverters: Converters = {
  // The one whose axes are an input at this version of the operators.
  Sum: reduction((graph, name, axes, keep) =>
    graph.node('ReduceSum', [name, graph.integers(axes)], { keepdims: keep }),
  ),
  Mean: reduction(byAttribute('ReduceMean')),
  Max: reduction(byAttribute('ReduceMax')),
  Min: reduction(byAttribute('ReduceMin')),
  Any: reduction(ofBooleans('ReduceMax')),
  All: reduction(ofBooleans('ReduceMin')),
  argMax: position('ArgMax'),
  argMin: position('ArgMin'),
}
