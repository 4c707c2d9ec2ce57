import { dispose, getBackend, type HostTensor, keep, slice, type Tensor, tidy, tile, toHost, zeros } from '@ddnet/ops'
import { itemAt, tuple } from '@ddnet/ops/checks'
import { kernelSource, withCompositions } from '@ddnet/ops/kernels'
import { AlignedTraces, type Operation } from './align.ts'
import { GraphBuilder } from './graph-builder.ts'
import { OnnxError } from './onnx-error.ts'
import { encodeOnnxModel, type OnnxNode, type OnnxType, type OnnxValue } from './onnx-model.ts'
import { converters } from './operators/index.ts'
import { channelsFirst, natural, type Order } from './order.ts'
import { type QuantizedLayer, quantizeGraph, type ValueRange } from './quantize.ts'
import { batchSizes, type Size } from './size.ts'
import { disposeConstants, type Forward, type Trace, type TracedOperation, traceForward } from './trace.ts'

/** A module of `@ddnet/layers`, or anything that has its forward pass; parameters and buffers give the weights their names. */
export interface ExportableModel {
  forward: Forward
  parameters?(): ReadonlyMap<string, { readonly value: Tensor }>
  buffers?(): ReadonlyMap<string, { readonly value: Tensor }>
}

export interface ExportOnnxOptions {
  /** How images lie in memory at the input and at outputs of four axes. Default: 'NCHW', as PyTorch's. */
  readonly layout?: 'NCHW' | 'NHWC'
  readonly inputName?: string
  /** The name of the output; where the model gives several, they are called by their keys. */
  readonly outputName?: string
  /** How weights of two axes or more are stored; computed is in float32. Default: 'float32'. */
  readonly weights?: 'float32' | 'float16'
  /** Written to the metadata as `classes`, a JSON list. */
  readonly classes?: readonly string[]
  /** What `normalize` was given; written to the metadata as `preprocessing`. */
  readonly preprocessing?: { readonly mean: number | readonly number[]; readonly std: number | readonly number[] }
  /** More entries of the metadata. */
  readonly metadata?: Readonly<Record<string, string>>
}

/**
 * A model as an ONNX file (opset 17), for any batch size. The forward pass runs twice, for two inputs and for three: the
 * operators that ran are exported, and what differs is what depends on the batch. Weights keep PyTorch's names and layouts.
 * Operators that have no counterpart are exported as what they are composed of.
 *
 * @param model a module, or a function of its input
 * @param input a shape `[batch, …]` of float32, or a sample `[batch, …]` whose first input is used; the batch is free in
 *   the file, the other sizes are as given
 * @returns the bytes of the file
 * @throws OnnxError naming an operator that ONNX cannot express, or what depends on the batch in another way than by a multiple
 * @see https://onnx.ai
 * @example await writeFile('model.onnx', await exportOnnx(model, [1, 32, 32, 3], { classes, preprocessing: { mean, std } }))
 */
export async function exportOnnx(
  model: ExportableModel | Forward,
  input: Tensor | readonly number[],
  options: ExportOnnxOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { bytes } = await write(model, input, options)
  return bytes
}

export interface ExportQuantizedOnnxOptions extends Omit<ExportOnnxOptions, 'weights'> {
  /** Batches of what the model will be given, by which the ranges of its values are chosen: a few hundred inputs. They stay the caller's. */
  readonly calibration: Iterable<Tensor> | AsyncIterable<Tensor>
}

/** A file of int8, and what became of each layer. */
export interface QuantizedOnnx {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly layers: readonly QuantizedLayer[]
}

/**
 * A model as an ONNX file whose convolutions and matrix products compute with int8 (post-training static quantization, QDQ): weights with a
 * scale for each output channel, what goes in and out with the smallest and the largest value of the calibration. Batch norms become part of
 * the convolutions before them. Transposed convolutions store int8 and compute in float32, since ONNX has none of integers; all other
 * operators are as `exportOnnx` writes them.
 *
 * @throws OnnxError as `exportOnnx` does, and for a calibration without batches
 * @see https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
 * @example const { bytes, layers } = await exportQuantizedOnnx(model, [1, 32, 32, 3], { calibration: [images] })
 */
export async function exportQuantizedOnnx(
  model: ExportableModel | Forward,
  input: Tensor | readonly number[],
  { calibration, ...options }: ExportQuantizedOnnxOptions,
): Promise<QuantizedOnnx> {
  return write(model, input, options, calibration)
}

async function write(
  model: ExportableModel | Forward,
  input: Tensor | readonly number[],
  options: ExportOnnxOptions,
  calibration?: ExportQuantizedOnnxOptions['calibration'],
): Promise<QuantizedOnnx> {
  const { layout = 'NCHW', inputName = 'input', outputName = 'output', weights = 'float32' } = options
  if (layout !== 'NCHW' && layout !== 'NHWC')
    throw new OnnxError(`exportOnnx: expected layout 'NCHW' or 'NHWC', got '${layout}'.`)
  if (weights !== 'float32' && weights !== 'float16') {
    throw new OnnxError(`exportOnnx: expected weights 'float32' or 'float16', got '${weights}'.`)
  }
  const forward: Forward = typeof model === 'function' ? model : (x) => model.forward(x)
  const { traces, replaced } = traceTwice(forward, input, outputName)
  try {
    const aligned = new AlignedTraces(...traces, await readConstants(traces))
    const graph = new GraphBuilder({
      names: typeof model === 'function' ? new Map() : namesOf(model),
      weights,
      input: inputName,
    })
    const orderOf = (rank: number): Order => (layout === 'NCHW' && rank === 4 ? channelsFirst(rank) : natural(rank))
    const describe = (name: string, { shape, dtype }: { shape: readonly Size[]; dtype: string }): OnnxValue => ({
      name,
      type: dtype as OnnxType, // float32, int32 or bool: toHost knows no other
      shape: orderOf(shape.length).map((axis) => sizeText(itemAt(shape, axis))),
    })

    graph.define(aligned.input, inputName, orderOf(aligned.input.shape.length))
    convert(graph, aligned.operations)
    const results = aligned.outputs.map(([name, tensor]) => ({
      name,
      tensor,
      from: graph.read(tensor, orderOf(tensor.shape.length)),
    }))
    const ends = results.map(({ from }) => from)
    const plain = { nodes: neededFor(ends, graph.nodes), initializers: graph.initializers, layers: [] }
    const written =
      calibration === undefined
        ? plain
        : quantizeGraph(plain, {
            rangeOf: byName(graph, traces[0], await rangesOf(forward, calibration, outputName, replaced)),
            results: ends,
          })
    const nodes = finish(written.nodes, inputName, results)
    const used = new Set(nodes.flatMap(({ inputs }) => inputs))
    const bytes = encodeOnnxModel(
      {
        name: typeof model === 'function' ? model.name || 'model' : model.constructor.name,
        nodes,
        initializers: [...written.initializers.values()].filter(({ name }) => used.has(name)),
        inputs: [describe(inputName, aligned.input)],
        outputs: results.map(({ name, tensor }) => describe(name, tensor)),
      },
      metadataOf(options, layout),
    )
    return { bytes, layers: written.layers }
  } finally {
    for (const { tensors } of traces) disposeConstants(tensors)
  }
}

/** Traces at both batch sizes, with compositions in the place of kernels that have no nodes. */
function traceTwice(
  forward: Forward,
  input: Tensor | readonly number[],
  outputName: string,
): { readonly traces: [Trace, Trace]; readonly replaced: ReadonlySet<string> } {
  const replaced = new Set<string>()
  for (;;) {
    const traces = withCompositions(replaced, getBackend(), () => traceBoth(forward, input, outputName))
    const hidden = unknown(traces[0].operations).filter(
      (name) => kernelSource(name, getBackend()) === 'own' && !replaced.has(name),
    )
    if (hidden.length === 0) return { traces, replaced }
    for (const { tensors } of traces) disposeConstants(tensors)
    for (const name of hidden) replaced.add(name)
  }
}

function traceBoth(forward: Forward, input: Tensor | readonly number[], outputName: string): [Trace, Trace] {
  const [first, second] = tuple(
    batchSizes.map((batch) => batchOf(input, batch)),
    2,
  )
  try {
    const trace = traceForward(forward, first, outputName)
    try {
      return [trace, traceForward(forward, second, outputName)]
    } catch (error) {
      disposeConstants(trace.tensors)
      throw error
    }
  } finally {
    dispose([first, second])
  }
}

/** `batch` inputs: zeros of a shape, or a sample's first input as often. */
function batchOf(input: Tensor | readonly number[], batch: number): Tensor {
  if (Array.isArray(input)) {
    const [, ...sizes] = input as readonly number[]
    if (input.length === 0 || sizes.some((size) => !Number.isInteger(size) || size < 1)) {
      throw new OnnxError(`exportOnnx: expected the input's shape [batch, …] in positive integers, got [${input}].`)
    }
    return zeros([batch, ...sizes])
  }
  const sample = input as Tensor
  if (sample.rank === 0 || sample.size === 0) {
    throw new OnnxError(`exportOnnx: expected a sample [batch, …] with at least one input, got [${sample.shape}].`)
  }
  return tidy(() => tile(slice(sample, 0, 1), [batch, ...sample.shape.slice(1).map(() => 1)]))
}

/** The operators without nodes that have no parts either. */
const unknown = (operations: readonly TracedOperation[]): string[] =>
  operations.flatMap(({ name, parts }) => {
    if (converters[name] !== undefined) return []
    return parts.length === 0 ? [name] : unknown(parts)
  })

function convert(graph: GraphBuilder, operations: readonly Operation[]): void {
  for (const operation of operations) {
    const converter = converters[operation.name]
    if (converter !== undefined) {
      converter(graph, operation)
      continue
    }
    const parts = operation.parts()
    if (parts.length === 0) {
      throw new OnnxError(
        `exportOnnx: the operator ${operation.name} has no counterpart in ONNX here. Write the model without it, or compose it of operators that have one.`,
      )
    }
    convert(graph, parts)
  }
}

/** Every constant's values. Those that both traces share are read once. */
async function readConstants([first, second]: [Trace, Trace]): Promise<
  [Map<number, HostTensor>, Map<number, HostTensor>]
> {
  const known = new Map<object, HostTensor>()
  const read = async ({ tensors }: Trace): Promise<Map<number, HostTensor>> => {
    const constants = new Map<number, HostTensor>()
    for (const [id, { constant }] of tensors) {
      if (constant === undefined) continue
      // A cast may share the data of what it casts: on cpu, a mask as numbers those of the mask.
      const shared = known.get(constant.dataId)
      const host = shared?.dtype === constant.dtype ? shared : await toHost(constant)
      known.set(constant.dataId, host)
      constants.set(id, { ...host, shape: constant.shape })
    }
    return constants
  }
  return [await read(first), await read(second)]
}

/** The smallest and the largest value of each tensor that depends on the input, by its number. */
async function rangesOf(
  forward: Forward,
  batches: ExportQuantizedOnnxOptions['calibration'],
  outputName: string,
  replaced: ReadonlySet<string>,
): Promise<Map<number, ValueRange>> {
  const ranges = new Map<number, ValueRange>()
  for await (const batch of batches) {
    const seen = new Map<number, Tensor>([[0, keep(batch.clone())]])
    try {
      const trace = withCompositions(replaced, getBackend(), () =>
        traceForward(forward, batch, outputName, (at, tensor) => {
          if (tensor.dtype === 'float32') seen.set(at, keep(tensor.clone()))
        }),
      )
      disposeConstants(trace.tensors)
      for (const [at, tensor] of seen) {
        const { min, max } = ranges.get(at) ?? { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }
        const { data } = await toHost(tensor)
        ranges.set(at, extremes(data, { min, max }))
      }
    } finally {
      dispose([...seen.values()])
    }
  }
  if (ranges.size === 0)
    throw new OnnxError('exportQuantizedOnnx: the calibration has no batches. Give it some inputs.')
  return ranges
}

function extremes(data: HostTensor['data'], { min, max }: ValueRange): ValueRange {
  let [low, high] = [min, max]
  for (const each of data) {
    const value = Number(each)
    if (!Number.isFinite(value)) return { min: Number.NaN, max: Number.NaN } // masks of attention are −∞
    if (value < low) low = value
    if (value > high) high = value
  }
  return { min: low, max: high }
}

/** The ranges by the names that tensors have in the graph. */
const byName =
  (graph: GraphBuilder, { tensors }: Trace, ranges: ReadonlyMap<number, ValueRange>) =>
  (name: string): ValueRange | undefined =>
    ranges.get(tensors.get(graph.idOf(name) ?? -1)?.at ?? -1)

function namesOf(model: ExportableModel): Map<number, string> {
  const owned = [...(model.parameters?.() ?? []), ...(model.buffers?.() ?? [])]
  return new Map(owned.map(([name, { value }]) => [value.id, name]))
}

/** The nodes that some results need. */
function neededFor(results: readonly string[], nodes: readonly OnnxNode[]): OnnxNode[] {
  const needed = new Set(results)
  const kept: OnnxNode[] = []
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((output) => needed.has(output))) continue
    kept.unshift(node)
    for (const name of node.inputs) needed.add(name)
  }
  return kept
}

/** The nodes, the last ones giving the outputs' names. */
function finish(
  kept: readonly OnnxNode[],
  input: string,
  results: readonly { readonly name: string; readonly from: string }[],
): OnnxNode[] {
  const renamed = new Map<string, string>()
  const copies: OnnxNode[] = []
  const taken = new Set([input, ...results.map(({ name }) => name)])
  for (const name of kept.flatMap(({ outputs }) => outputs)) if (taken.has(name)) renamed.set(name, `${name}_inner`)
  const computed = new Set(kept.flatMap(({ outputs }) => outputs))
  const served = new Set<string>()
  for (const { name, from } of results) {
    if (computed.has(from) && !served.has(from)) renamed.set(from, name)
    else copies.push({ name: `${name}_copy`, type: 'Identity', inputs: [from], outputs: [name], attributes: {} })
    served.add(from)
  }
  const rename = (name: string): string => renamed.get(name) ?? name
  return [...kept, ...copies].map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map((name) => (copies.includes(node) ? name : rename(name))),
  }))
}

const sizeText = (size: Size): number | string =>
  typeof size === 'number' ? size : size.perBatch === 1 ? 'batch' : `batch_${size.perBatch}`

function metadataOf({ classes, preprocessing, metadata }: ExportOnnxOptions, layout: string): Record<string, string> {
  return {
    layout,
    ...(classes && { classes: JSON.stringify(classes) }),
    ...(preprocessing && {
      preprocessing: JSON.stringify({ ...preprocessing, pixels: '(value / 255 - mean) / std', colors: 'RGB' }),
    }),
    ...metadata,
  }
}
