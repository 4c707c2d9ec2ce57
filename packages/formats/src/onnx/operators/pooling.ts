import { itemAt } from '@ddnet/ops/checks'
import type { PoolGeometry, WindowAverage } from '@ddnet/ops/kernels'
import { type Converter, type Converters, constants, input, output, sizeAt } from '../converter.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import { channelsFirst } from '../order.ts'
import type { Size } from '../size.ts'
import { padsOf } from './convolution.ts'
import { multiplyAxis } from './resampling.ts'

type Pair = readonly [number, number]

type Windows = WindowAverage['rows']

const images = channelsFirst(4)

const maxPool: Converter = (graph, operation) => {
  const { kernelSize, stride, padding, dilation } = constants<PoolGeometry>(operation)
  const x = input(operation, 'x')
  const attributes = { kernel_shape: kernelSize, strides: stride, pads: padsOf(padding), dilations: dilation }
  const indices = operation.outputs[1]
  const names = graph.nodeOf('MaxPool', [graph.read(x, images)], attributes, indices === undefined ? 1 : 2)
  graph.define(output(operation), itemAt(names, 0), images)
  if (indices === undefined) return
  // ONNX counts through all planes of the batch, we in each plane.
  const plane = sizeAt(x, 1, operation.name) * sizeAt(x, 2, operation.name)
  const inPlane = graph.node('Mod', [itemAt(names, 1), graph.integers([plane])])
  graph.define(indices, graph.node('Cast', [inPlane], { to: 6 }), images)
}

/** Values go to their places in zeros `[batch, channels, height · width]`. */
const maxUnpool: Converter = (graph, operation) => {
  const { size } = constants<{ size: Pair }>(operation)
  const [values, indices] = [input(operation, 'values'), input(operation, 'indices')]
  const [batch, height, width, channels] = values.shape as [Size, number, number, Size]
  const flat = [batch, channels, height * width]
  const zeros = graph.node('Expand', [graph.floats(0), graph.sizes([batch, channels, size[0] * size[1]])])
  const filled = graph.node(
    'ScatterElements',
    [zeros, graph.reshape(graph.read(indices, images), flat), graph.reshape(graph.read(values, images), flat)],
    { axis: 2 },
  )
  graph.define(output(operation), graph.reshape(filled, [batch, channels, ...size]), images)
}

const averagePool: Converter = (graph, operation) => {
  const average = constants<WindowAverage>(operation)
  const { rows, columns } = average
  const x = graph.read(input(operation, 'x'), images)
  const isWhole = [rows, columns].every(
    ({ size, count, before, beyond }) => count === 1 && before === 0 && beyond === size,
  )
  const name =
    isWhole && average.divisor === 0 ? graph.node('GlobalAveragePool', [x]) : slidingAverage(graph, x, average)
  graph.define(output(operation), name, images)
}

/** ONNX divides by the elements of the window, with the padding or without; any other divisor is made up for. */
function slidingAverage(graph: GraphBuilder, x: string, { rows, columns, margins, divisor }: WindowAverage): string {
  const windows = [rows, columns]
  const kernel = windows.map(({ before, beyond }) => before + beyond)
  const ends = windows.map(({ size, count, step, before }, axis) =>
    Math.max(0, (count - 1) * step + itemAt(kernel, axis) - size - before),
  )
  const withoutPadding = divisor === 0 && margins.every((margin) => margin === 0)
  const pooled = graph.node('AveragePool', [x], {
    kernel_shape: kernel,
    strides: windows.map(({ step }) => step),
    pads: [...windows.map(({ before }) => before), ...ends],
    count_include_pad: withoutPadding ? 0 : 1,
  })
  if (withoutPadding) return pooled
  const counts = windows.map((window, axis) => ranges(window, itemAt(margins, axis)).map(([start, end]) => end - start))
  const area = itemAt(kernel, 0) * itemAt(kernel, 1)
  const factors = itemAt(counts, 0).flatMap((row) =>
    itemAt(counts, 1).map((column) => area / (divisor === 0 ? Math.max(1, row) * Math.max(1, column) : divisor)),
  )
  if (factors.every((factor) => factor === 1)) return pooled
  return graph.node('Mul', [pooled, graph.floats(factors, [1, 1, rows.count, columns.count])])
}

/** Windows of several sizes: a product with the matrix that averages each. */
const adaptivePool: Converter = (graph, operation) => {
  const { rows, columns } = constants<WindowAverage>(operation)
  const x = input(operation, 'x')
  const name = graph.read(x, images)
  const tall = multiplyAxis(graph, name, { rank: 4, axis: 2 }, averages(rows))
  graph.define(output(operation), multiplyAxis(graph, tall, { rank: 4, axis: 3 }, averages(columns)), images)
}

function averages(windows: Windows): { rows: number; columns: number; values: Float32Array } {
  const values = new Float32Array(windows.count * windows.size)
  for (const [window, [start, end]] of ranges(windows, 0).entries()) {
    values.fill(1 / (end - start), window * windows.size + start, window * windows.size + end)
  }
  return { rows: windows.count, columns: windows.size, values }
}

const ranges = ({ size, count, step, before, beyond, over }: Windows, margin: number): [number, number][] =>
  Array.from({ length: count }, (_, window) => [
    Math.max(Math.floor((window * step - before) / over), -margin),
    Math.min(Math.floor((window * step + beyond) / over), size + margin),
  ])

export const poolingConverters: Converters = {
  maxPool2d: maxPool,
  maxPool2dWithIndices: maxPool,
  maxUnpool2d: maxUnpool,
  avgPool2d: averagePool,
  adaptiveAvgPool2d: adaptivePool,
}
