import { itemAt } from '@ddnet/ops/checks'
import { type Converter, type Converters, constants, input, output } from '../converter.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { channelsFirst, natural } from '../order.ts'

/** A sparse matrix by rows: row i has the entries `starts[i] ≤ t < starts[i + 1]`. */
interface AxisTable {
  readonly inputSize: number
  readonly outputSize: number
  readonly starts: Int32Array
  readonly sources: Int32Array
  readonly weights: Float32Array
}

interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly values: Float32Array
}

/** `name` with its axis, as stored, multiplied by a matrix. */
export function multiplyAxis(
  graph: GraphBuilder,
  name: string,
  { rank, axis }: { rank: number; axis: number },
  { rows, columns, values }: Matrix,
): string {
  if (axis === rank - 2) return graph.node('MatMul', [graph.floats(values, [rows, columns]), name])
  const transposed = Float32Array.from(values, (_, at) => itemAt(values, (at % rows) * columns + Math.floor(at / rows)))
  const matrix = graph.floats(transposed, [columns, rows])
  if (axis === rank - 1) return graph.node('MatMul', [name, matrix])
  const swap = natural(rank).map((each) => (each === axis ? rank - 1 : each === rank - 1 ? axis : each))
  return graph.transpose(graph.node('MatMul', [graph.transpose(name, swap), matrix]), swap)
}

/** Resizing and padding by reflection: where each result is one value, those are gathered; else a product with a matrix. */
const resampleAxis: Converter = (graph, operation) => {
  const { table, axis } = constants<{ table: AxisTable; axis: number }>(operation)
  const x = input(operation, 'x')
  const { inputSize, outputSize, starts, sources, weights } = table
  const rank = x.shape.length
  const order = graph.order(x) ?? channelsFirst(rank)
  const [name, stored] = [graph.read(x, order), order.indexOf(axis)]
  const selects = starts.every((start, row) => start === row) && weights.every((weight) => weight === 1)
  if (selects) {
    graph.define(output(operation), graph.node('Gather', [name, graph.integers([...sources])], { axis: stored }), order)
    return
  }
  const values = new Float32Array(outputSize * inputSize)
  for (let row = 0; row < outputSize; row++) {
    for (let tap = itemAt(starts, row); tap < itemAt(starts, row + 1); tap++) {
      values[row * inputSize + itemAt(sources, tap)] = itemAt(weights, tap)
    }
  }
  const matrix = { rows: outputSize, columns: inputSize, values }
  graph.define(output(operation), multiplyAxis(graph, name, { rank, axis: stored }, matrix), order)
}

interface Shuffle {
  readonly factor: number
}

const images = channelsFirst(4)

const pixelShuffle: Converter = (graph, operation) => {
  const factor = (operation.attributes[0] as unknown as Shuffle).factor
  const name = graph.read(input(operation, 'x'), images)
  // CRD is PyTorch's order of channels.
  graph.define(output(operation), graph.node('DepthToSpace', [name], { blocksize: factor, mode: 'CRD' }), images)
}

/** ONNX's SpaceToDepth orders channels another way. */
const pixelUnshuffle: Converter = (graph, operation) => {
  const factor = (operation.attributes[0] as unknown as Shuffle).factor
  const y = output(operation)
  const [batch, height, width, deep] = y.shape as [number, number, number, number]
  const channels = deep / factor ** 2
  const pixels = graph.reshape(graph.read(input(operation, 'x'), images), [
    batch,
    channels,
    height,
    factor,
    width,
    factor,
  ])
  const moved = graph.transpose(pixels, [0, 1, 3, 5, 2, 4]) // [batch, channels, factor, factor, height, width]
  graph.define(y, graph.reshape(moved, [batch, deep, height, width]), images)
}

export const resamplingConverters: Converters = { resampleAxis, pixelShuffle, pixelUnshuffle }
