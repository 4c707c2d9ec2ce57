import type { ModelTensor, Operation } from '../align.ts'
import { type Converter, type Converters, constants, input, output, sizeAt } from '../converter.ts'
import type { GraphBuilder } from '../graph-builder.ts'
import type { Attribute } from '../onnx-model.ts'
import { channelsFirst } from '../order.ts'
import { withActivation } from './elementwise.ts'

interface Geometry {
  readonly stride: readonly [number, number]
  readonly padding: readonly [readonly [number, number], readonly [number, number]]
  readonly dilation: readonly [number, number]
  readonly groups: number
}

const images = channelsFirst(4)

/** `[kernelHeight, kernelWidth, a, b]` as ONNX's, and PyTorch's, `[b, a, kernelHeight, kernelWidth]`. */
const filters = [3, 2, 0, 1]

/** ONNX's pads: the beginnings of all axes, then the ends. */
export const padsOf = ([[top, bottom], [left, right]]: Geometry['padding']): number[] => [top, left, bottom, right]

const convolution: Converter = (graph, operation) => {
  const { stride, padding, dilation, groups } = constants<Geometry>(operation)
  emit(graph, operation, 'Conv', input(operation, 'x'), {
    strides: stride,
    pads: padsOf(padding),
    dilations: dilation,
    group: groups,
  })
}

/**
 * The input gradient of a convolution of `inputSize`, which is ONNX's transposed convolution. Its rows are
 * `(height − 1)·stride + dilation·(kernel − 1) + 1 − pads + output_padding`.
 */
const transposed: Converter = (graph, operation) => {
  const { stride, padding, dilation, groups, inputSize } = constants<Geometry & { inputSize: [number, number] }>(
    operation,
  )
  const dy = input(operation, 'dy')
  const filter = input(operation, 'filter')
  const pads = ([0, 1] as const).map((axis) => {
    const [before, after] = padding[axis]
    const reach = dilation[axis] * (sizeAt(filter, axis, operation.name) - 1) + 1
    const full = (sizeAt(dy, axis + 1, operation.name) - 1) * stride[axis] + reach
    const extra = inputSize[axis] - (full - before - after)
    // As PyTorch writes it: the same padding on both sides, and rows added behind.
    const even = after < before && extra + before - after < Math.max(stride[axis], dilation[axis])
    return even ? { before, after: before, extra: extra + before - after } : { before, after, extra }
  })
  emit(graph, operation, 'ConvTranspose', dy, {
    strides: stride,
    pads: [...pads.map(({ before }) => before), ...pads.map(({ after }) => after)],
    output_padding: pads.map(({ extra }) => extra),
    dilations: dilation,
    group: groups,
  })
}

function emit(
  graph: GraphBuilder,
  operation: Operation,
  type: string,
  x: ModelTensor,
  attributes: Record<string, Attribute>,
): void {
  const filter = input(operation, 'filter')
  const bias = operation.inputs['bias']
  const inputs = [graph.read(x, images), graph.read(filter, filters), ...(bias === undefined ? [] : [graph.read(bias)])]
  const kernel = { kernel_shape: [0, 1].map((axis) => sizeAt(filter, axis, operation.name)) }
  const name = graph.node(type, inputs, { ...kernel, ...attributes })
  graph.define(output(operation), withActivation(graph, name, operation), images)
}

export const convolutionConverters: Converters = {
  conv2d: convolution,
  biasedConv2d: convolution,
  conv2dInputGradient: transposed,
  biasedConv2dInputGradient: transposed,
}
