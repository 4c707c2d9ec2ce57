import { itemAt, tuple } from '@ddnet/ops/checks'
import type { ModelTensor } from '../align.ts'
import { type Converter, type Converters, constants, input, output } from '../converter.ts'
import { asStored, type GraphBuilder } from '../graph-builder.ts'
import { OnnxError } from '../onnx-error.ts'
import { natural, type Order, reshapedOrder } from '../order.ts'
import { atBatches, isSame, type Size, sizeOf } from '../size.ts'
import { commonOrder } from './elementwise.ts'

// ONNX's slices end behind any axis, or before its beginning.
const END = Number.MAX_SAFE_INTEGER

/** The order of a tensor's storage, and its name in it. */
function stored(graph: GraphBuilder, tensor: ModelTensor): { order: Order; name: string } {
  const order = graph.order(tensor) ?? natural(tensor.shape.length)
  return { order, name: graph.read(tensor, order) }
}

const reshape: Converter = (graph, operation) => {
  const [x, y] = [input(operation, 'x'), output(operation)]
  const kept = reshapedOrder(x.shape, y.shape, stored(graph, x).order)
  if (kept === undefined) graph.define(y, graph.reshape(graph.read(x), y.shape))
  else graph.define(y, graph.reshape(stored(graph, x).name, asStored(y.shape, kept)), kept)
}

/** No value moves: the same storage in another order of axes. */
const transpose: Converter = (graph, operation) => {
  const { perm } = constants<{ perm: number[] }>(operation)
  const { order, name } = stored(graph, input(operation, 'x'))
  graph.define(
    output(operation),
    name,
    order.map((axis) => perm.indexOf(axis)),
  )
}

const slice: Converter = (graph, operation) => {
  const x = input(operation, 'x')
  const [begins, sizes] = [graph.sizesOf(operation, 'begin'), graph.sizesOf(operation, 'size')]
  const { order, name } = stored(graph, x)
  const cut = natural(x.shape.length).filter((axis) => !isSame(itemAt(sizes, axis), itemAt(x.shape, axis)))
  const ends = cut.map((axis): Size => {
    const [begin, size, full] = [begins, sizes, x.shape].map((each) => atBatches(itemAt(each, axis)))
    const end = tuple(
      [0, 1].map((trace) => itemAt(begin, trace) + itemAt(size, trace)),
      2,
    )
    if (end[0] === full?.[0] && end[1] === full[1]) return END
    const place = sizeOf(...end)
    if (place !== undefined) return place
    throw new OnnxError('exportOnnx: Slice ends at a place that is neither constant nor a multiple of the batch.')
  })
  const starts = cut.map((axis) => itemAt(begins, axis))
  const axes = cut.map((axis) => order.indexOf(axis))
  const y =
    cut.length === 0 ? name : graph.node('Slice', [name, graph.sizes(starts), graph.sizes(ends), graph.integers(axes)])
  graph.define(output(operation), y, order)
}

const reverse: Converter = (graph, operation) => {
  const { dims } = constants<{ dims: number | number[] }>(operation)
  const { order, name } = stored(graph, input(operation, 'x'))
  const axes = [dims].flat().map((axis) => order.indexOf(positive(axis, order.length)))
  const all = (value: number): string => graph.integers(axes.map(() => value))
  graph.define(output(operation), graph.node('Slice', [name, all(-1), all(-END), graph.integers(axes), all(-1)]), order)
}

const pad: Converter = (graph, operation) => {
  const { paddings, constantValue } = constants<{ paddings: [number, number][]; constantValue: number }>(operation)
  const x = input(operation, 'x')
  const { order, name } = stored(graph, x)
  const sides = [0, 1].flatMap((side) => order.map((axis) => itemAt(paddings[axis], side)))
  const value = graph.floats(constantValue)
  const typed = x.dtype === 'float32' ? value : graph.node('CastLike', [value, name])
  graph.define(output(operation), graph.node('Pad', [name, graph.integers(sides), typed]), order)
}

const tile: Converter = (graph, operation) => {
  const repetitions = graph.sizesOf(operation, 'reps')
  const { order, name } = stored(graph, input(operation, 'x'))
  graph.define(output(operation), graph.node('Tile', [name, graph.sizes(asStored(repetitions, order))]), order)
}

const concat: Converter = (graph, operation) => {
  const y = output(operation)
  const tensors = Object.values(operation.inputs)
  const order = commonOrder(graph, tensors, y)
  const axis = positive(constants<{ axis: number }>(operation).axis, order.length)
  const names = tensors.map((tensor) => graph.read(tensor, order))
  graph.define(y, graph.node('Concat', names, { axis: order.indexOf(axis) }), order)
}

const pack: Converter = (graph, operation) => {
  const y = output(operation)
  const axis = positive(constants<{ axis: number }>(operation).axis, y.shape.length)
  const parts = Object.values(operation.inputs).map((tensor) =>
    graph.node('Unsqueeze', [graph.read(tensor), graph.integers([axis])]),
  )
  graph.define(y, graph.node('Concat', parts, { axis }))
}

const split: Converter = (graph, operation) => {
  const { axis } = operation.attributes[0] as { axis: number }
  const { order, name } = stored(graph, input(operation, 'x'))
  const sizes = graph.sizes(graph.sizesOf(operation, 'sizes'))
  const names = graph.nodeOf('Split', [name, sizes], { axis: order.indexOf(axis) }, operation.outputs.length)
  for (const [index, y] of operation.outputs.entries()) graph.define(y, itemAt(names, index), order)
}

const gather: Converter = (graph, operation) => {
  const { axis, batchDims = 0 } = constants<{ axis: number; batchDims?: number }>(operation)
  if (batchDims !== 0) throw new OnnxError(`exportOnnx: GatherV2 with batchDims ${batchDims} is not known.`)
  const [x, indices, y] = [input(operation, 'x'), input(operation, 'indices'), output(operation)]
  const from = positive(axis, x.shape.length)
  if (indices.shape.length === 1) {
    const { order, name } = stored(graph, x)
    graph.define(y, graph.node('Gather', [name, graph.read(indices)], { axis: order.indexOf(from) }), order)
  } else {
    graph.define(y, graph.node('Gather', [graph.read(x), graph.read(indices)], { axis: from }))
  }
}

const oneHot: Converter = (graph, operation) => {
  const {
    depth,
    onValue = 1,
    offValue = 0,
  } = constants<{ depth: number; onValue?: number; offValue?: number }>(operation)
  const y = output(operation)
  // ONNX Runtime knows int64 positions and float32 values.
  const indices = graph.node('Cast', [graph.read(input(operation, 'indices'))], { to: 7 })
  const values = graph.floats([offValue, onValue], [2])
  const hot = graph.node('OneHot', [indices, graph.integers([depth]), values], { axis: -1 })
  graph.define(y, y.dtype === 'float32' ? hot : graph.node('Cast', [hot], { to: 6 }))
}

const cumsum: Converter = (graph, operation) => {
  const { axis, exclusive, reverse } = constants<{ axis: number; exclusive: boolean; reverse: boolean }>(operation)
  const { order, name } = stored(graph, input(operation, 'x'))
  const place = graph.integers([order.indexOf(positive(axis, order.length))])
  const flags = { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 }
  graph.define(output(operation), graph.node('CumSum', [name, place], flags), order)
}

/** Softmax over the last axis. */
const softmax =
  (type: string): Converter =>
  (graph, operation) => {
    const { order, name } = stored(graph, input(operation, 'logits'))
    graph.define(output(operation), graph.node(type, [name], { axis: order.indexOf(order.length - 1) }), order)
  }

/** `a · b` of matrices, either one transposed; of two matrices as Gemm, to which a bias may be added. */
const matMul: Converter = (graph, operation) => {
  const { transposeA, transposeB } = constants<{ transposeA: boolean; transposeB: boolean }>(operation)
  const [a, b, y] = [input(operation, 'a'), input(operation, 'b'), output(operation)]
  if (y.shape.length === 2) {
    const flags = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 }
    graph.define(y, graph.node('Gemm', [graph.read(a), graph.read(b)], flags))
    return
  }
  const side = (tensor: ModelTensor, isTransposed: boolean): string => {
    const order = natural(tensor.shape.length)
    return graph.read(tensor, isTransposed ? [...order.slice(0, -2), order.length - 1, order.length - 2] : order)
  }
  graph.define(y, graph.node('MatMul', [side(a, transposeA), side(b, transposeB)]))
}

const positive = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)

export const arrayConverters: Converters = {
  Reshape: reshape,
  Transpose: transpose,
  Slice: slice,
  Reverse: reverse,
  PadV2: pad,
  Tile: tile,
  Concat: concat,
  Pack: pack,
  split,
  GatherV2: gather,
  OneHot: oneHot,
  Cumsum: cumsum,
  Softmax: softmax('Softmax'),
  logSoftmax: softmax('LogSoftmax'),
  BatchMatMul: matMul,
}
