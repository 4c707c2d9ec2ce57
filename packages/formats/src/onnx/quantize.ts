import { itemAt, tuple } from '@ddnet/ops/checks'
import type { Attribute, Initializer, OnnxNode } from './onnx-model.ts'

/** The smallest and the largest value that a tensor took. */
export interface ValueRange {
  readonly min: number
  readonly max: number
}

/** What became of a layer that has weights. */
export interface QuantizedLayer {
  /** As its module is called: `encoder.0.conv`. */
  readonly name: string
  /** `Conv`, `ConvTranspose`, `Gemm` or `MatMul`. */
  readonly type: string
  /** How its weights are stored. */
  readonly weights: 'int8' | 'float32'
  /** What a runtime multiplies and adds. */
  readonly arithmetic: 'int8' | 'float32'
  /** Why something of it stays float32. */
  readonly reason?: string
}

interface Graph {
  readonly nodes: readonly OnnxNode[]
  readonly initializers: ReadonlyMap<string, Initializer>
}

/** `value ≈ scale · (q − zero)` with q from −128 to 127 */
interface Scaled {
  readonly scale: number
  readonly zero: number
}

interface NamedRange {
  readonly name: string
  readonly range: ValueRange
}

const layerTypes: readonly string[] = ['Conv', 'ConvTranspose', 'Gemm', 'MatMul']

/** What gives some of the values that it takes, in some order: its result has the range of its input. */
const passing: readonly string[] = ['Transpose', 'Reshape', 'Identity', 'MaxPool', 'Slice', 'Unsqueeze', 'Squeeze']

/**
 * A graph in which each quantized tensor goes through QuantizeLinear and DequantizeLinear (QDQ), which runtimes fuse into integer kernels.
 * Weights are symmetric, with a scale for each output channel; what goes in and comes out of a layer is asymmetric, with one scale for the
 * tensor; biases are int32. Batch norms become part of the convolution before them first.
 *
 * @param rangeOf the values that the tensor of a name took, where that is known
 * @param results the names of what the graph gives, which stay float32
 * @see Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference"
 */
export function quantizeGraph(
  graph: Graph,
  {
    rangeOf,
    results,
  }: { readonly rangeOf: (name: string) => ValueRange | undefined; readonly results: readonly string[] },
): { readonly nodes: OnnxNode[]; readonly initializers: Map<string, Initializer>; readonly layers: QuantizedLayer[] } {
  const folded = foldNorms(graph, results)
  const quantizer = new Quantizer(folded, rangeOf, results)
  const layers = folded.nodes.filter(({ type }) => layerTypes.includes(type)).map((node) => quantizer.layer(node))
  return { nodes: quantizer.nodes(), initializers: quantizer.initializers, layers }
}

class Quantizer {
  readonly initializers: Map<string, Initializer>
  readonly #nodes: readonly OnnxNode[]
  readonly #producers: ReadonlyMap<string, OnnxNode>
  readonly #consumers: ReadonlyMap<string, readonly OnnxNode[]>
  readonly #rangeOf: (name: string) => ValueRange | undefined
  readonly #results: readonly string[]
  /** The inputs of a layer that are read dequantized. */
  readonly #weights = new Map<OnnxNode, readonly string[]>()
  readonly #dequantized = new Map<string, OnnxNode>()
  readonly #activations = new Map<string, Scaled>()

  constructor(
    { nodes, initializers }: Graph,
    rangeOf: (name: string) => ValueRange | undefined,
    results: readonly string[],
  ) {
    this.initializers = new Map(initializers)
    this.#nodes = nodes
    this.#producers = producersOf(nodes)
    this.#consumers = consumersOf(nodes)
    this.#rangeOf = rangeOf
    this.#results = results
  }

  /** Quantizes what can be of a layer. */
  layer(node: OnnxNode): QuantizedLayer {
    const { type } = node
    const weight = this.initializers.get(node.inputs[1] ?? '')
    const name = weight?.name.endsWith('.weight') ? weight.name.slice(0, -'.weight'.length) : node.name
    if (weight?.type !== 'float32' || (type === 'MatMul' && weight.shape.length !== 2)) {
      const reason = weight === undefined ? 'both factors are computed from the input' : 'its weights are no matrix'
      return { name, type, weights: 'float32', arithmetic: 'float32', reason }
    }
    const plan = this.#planOf(node)
    const scaled = plan.input && this.#quantize(plan.input)
    if (plan.result) this.#quantize(plan.result)
    this.#weights.set(node, this.#dequantizedWeights(node, weight, scaled))
    const { reason } = plan
    if (reason !== undefined) return { name, type, weights: 'int8', arithmetic: 'float32', reason }
    return { name, type, weights: 'int8', arithmetic: 'int8' }
  }

  /** All nodes, with those that quantize and dequantize. */
  nodes(): OnnxNode[] {
    const all: OnnxNode[] = []
    const renamed = (name: string) => (this.#activations.has(name) ? `${name}_dequantized` : name)
    for (const name of this.#activations.keys()) if (!this.#producers.has(name)) all.push(...this.#pair(name))
    const written = new Set<string>()
    for (const node of this.#nodes) {
      const inputs = this.#weights.get(node) ?? node.inputs
      for (const name of inputs) {
        const dequantize = this.#dequantized.get(name)
        if (dequantize === undefined || written.has(name)) continue
        written.add(name)
        all.push(dequantize)
      }
      all.push({ ...node, inputs: inputs.map(renamed) })
      for (const name of node.outputs) all.push(...this.#pair(name))
    }
    return all
  }

  /** What of a layer's input and result is quantized; or why its arithmetic stays float32. */
  #planOf(node: OnnxNode): {
    readonly reason?: string
    readonly input?: NamedRange
    readonly result?: NamedRange
  } {
    if (node.type === 'ConvTranspose') return { reason: 'ONNX has no transposed convolution of integers' }
    const input = this.#ranged(itemAt(node.inputs, 0))
    if (input === undefined) return { reason: 'what it takes has no range that is known' }
    if (node.type !== 'Conv') return { input }
    const name = this.#resultOf(node)
    if (this.#results.includes(name)) return { reason: 'its result is the output, which stays float32' }
    const result = this.#ranged(name)
    return result === undefined ? { reason: 'what it gives has no range that is known' } : { input, result }
  }

  /** What a layer gives, behind its activation. */
  #resultOf({ outputs: [name = ''] }: OnnxNode): string {
    const [only, ...others] = this.#consumers.get(name) ?? []
    const isActivated = only?.type === 'Relu' && others.length === 0 && !this.#results.includes(name)
    return isActivated ? itemAt(only.outputs, 0) : name
  }

  /** A tensor with its range, or that of what its values come from. */
  #ranged(name: string): NamedRange | undefined {
    const range = this.#rangeOf(this.#root(name))
    if (range === undefined || !Number.isFinite(range.min) || !Number.isFinite(range.max)) return undefined
    return { name, range }
  }

  #root(name: string): string {
    const producer = this.#producers.get(name)
    if (producer === undefined || !passing.includes(producer.type)) return name
    // Where both are known they have the same scale, so that runtimes leave out what is between.
    return this.#root(itemAt(producer.inputs, 0))
  }

  #quantize({ name, range }: NamedRange): Scaled {
    const scaled = this.#activations.get(name) ?? scaleOf(range)
    this.#activations.set(name, scaled)
    return scaled
  }

  /** A tensor's way through int8, where it is quantized. */
  #pair(name: string): OnnxNode[] {
    const scaled = this.#activations.get(name)
    if (scaled === undefined) return []
    const scaleName = this.#add(`${name}_scale`, 'float32', [], Float32Array.of(scaled.scale))
    const zeroName = this.#add(`${name}_zero_point`, 'int8', [], Int8Array.of(scaled.zero))
    return [
      nodeOf('QuantizeLinear', [name, scaleName, zeroName], `${name}_quantized`),
      nodeOf('DequantizeLinear', [`${name}_quantized`, scaleName, zeroName], `${name}_dequantized`),
    ]
  }

  #dequantizedWeights(node: OnnxNode, weight: Initializer, input: Scaled | undefined): string[] {
    const [x = '', weightName = '', biasName] = node.inputs
    const axis = outputAxis(node)
    const bias = this.initializers.get(biasName ?? '')
    const biases = bias?.type === 'float32' ? floatsOf(bias) : undefined
    const count = axis === undefined ? 1 : itemAt(weight.shape, axis)
    const values = floatsOf(weight)
    const channelOf = channels(weight.shape, axis)
    const largest = new Float64Array(count)
    for (const [at, value] of values.entries())
      largest[channelOf(at)] = Math.max(itemAt(largest, channelOf(at)), Math.abs(value))
    const scales = Float32Array.from(largest, (most, channel) => {
      // A bias must be an int32 of the scales of input and weights, also where the weights are next to nothing.
      const least = input === undefined ? 0 : Math.abs(biases?.[channel] ?? 0) / (input.scale * 2 ** 30)
      return Math.max(most / 127, least) || 1
    })
    const quantized = Int8Array.from(values, (value, at) => Math.round(value / itemAt(scales, channelOf(at))))
    const shape = axis === undefined ? [] : [count]
    const attributes: Record<string, Attribute> = axis === undefined ? {} : { axis }
    const inputs = [x, this.#dequantize(weightName, weight.shape, quantized, 'int8', { scales, shape, attributes })]
    if (biasName === undefined) return inputs
    if (biases === undefined || input === undefined) return [...inputs, biasName]
    const biasScales = Float32Array.from(biases, (_, at) => input.scale * itemAt(scales, count === 1 ? 0 : at))
    const wholes = Int32Array.from(biases, (value, at) => Math.round(value / itemAt(biasScales, at)))
    const biasShape = bias?.shape ?? []
    // One scale for each bias, whatever the weights have.
    const described = { scales: biasScales, shape: [biasScales.length], attributes: { axis: 0 } }
    return [...inputs, this.#dequantize(biasName, biasShape, wholes, 'int32', described)]
  }

  #dequantize(
    called: string,
    shape: readonly number[],
    values: Int8Array | Int32Array,
    type: 'int8' | 'int32',
    {
      scales,
      shape: scaleShape,
      attributes,
    }: {
      readonly scales: Float32Array
      readonly shape: readonly number[]
      readonly attributes: Readonly<Record<string, Attribute>>
    },
  ): string {
    const quantized = this.#add(`${called}_quantized`, type, shape, values)
    const scale = this.#add(`${called}_scale`, 'float32', scaleShape, scales)
    const zeros = type === 'int8' ? new Int8Array(scales.length) : new Int32Array(scales.length)
    const zero = this.#add(`${called}_zero_point`, type, scaleShape, zeros)
    const name = this.#free(`${called}_dequantized`)
    this.#dequantized.set(name, nodeOf('DequantizeLinear', [quantized, scale, zero], name, attributes))
    return name
  }

  #add(called: string, type: Initializer['type'], shape: readonly number[], values: ArrayBufferView): string {
    const name = this.#free(called)
    this.initializers.set(name, { name, type, shape, bytes: bytesOf(values) })
    return name
  }

  #free(called: string): string {
    let name = called
    for (let count = 1; this.initializers.has(name) || this.#dequantized.has(name); count++) name = `${called}_${count}`
    return name
  }
}

/** The axis of a weight that counts its outputs; none where those of each group are counted anew. */
function outputAxis({ type, attributes }: OnnxNode): number | undefined {
  if (type === 'Conv') return 0
  if (type === 'ConvTranspose') return (attributes['group'] ?? 1) === 1 ? 1 : undefined
  return type === 'Gemm' && attributes['transB'] === 1 ? 0 : 1
}

function channels(shape: readonly number[], axis: number | undefined): (at: number) => number {
  if (axis === undefined) return () => 0
  const inner = shape.slice(axis + 1).reduce((all, size) => all * size, 1)
  const count = itemAt(shape, axis)
  return (at) => Math.floor(at / inner) % count
}

/** Zero is always one of the 256 values, since padding and ReLU give it. */
function scaleOf({ min, max }: ValueRange): Scaled {
  const [low, high] = [Math.min(min, 0), Math.max(max, 0)]
  const scale = Math.fround((high - low) / 255)
  if (scale === 0) return { scale: 1, zero: 0 }
  return { scale, zero: Math.max(-128, Math.min(127, Math.round(-128 - low / scale))) }
}

/** Batch norms behind a convolution as part of its weights and biases. */
function foldNorms({ nodes, initializers }: Graph, results: readonly string[]): Graph {
  const kept = new Map(initializers)
  const producers = producersOf(nodes)
  const consumers = consumersOf(nodes)
  const replaced = new Map<OnnxNode, OnnxNode>()
  const gone = new Set<OnnxNode>()
  for (const norm of nodes.filter(({ type }) => type === 'BatchNormalization')) {
    const [x = '', ...names] = norm.inputs
    const layer = producers.get(x)
    if (layer === undefined || !['Conv', 'ConvTranspose'].includes(layer.type)) continue
    const [input = '', weightName = '', biasName = ''] = layer.inputs
    const [weight, bias] = [initializers.get(weightName), initializers.get(biasName)]
    const vectors = names.flatMap((name) => initializers.get(name) ?? []).filter(({ type }) => type === 'float32')
    const isShared = (consumers.get(x)?.length ?? 0) > 1 || results.includes(x)
    if (isShared || weight?.type !== 'float32' || (biasName !== '' && bias?.type !== 'float32')) continue
    if (vectors.length !== 4) continue
    const [gamma, beta, mean, variance] = tuple(vectors.map(floatsOf), 4)
    const { epsilon } = norm.attributes
    const eps = typeof epsilon === 'object' && 'float' in epsilon ? epsilon.float : 1e-5
    const factors = Float64Array.from(gamma, (each, at) => each / Math.sqrt(itemAt(variance, at) + eps))
    const before = bias === undefined ? undefined : floatsOf(bias)
    const biases = Float32Array.from(
      beta,
      (each, at) => each + ((before?.[at] ?? 0) - itemAt(mean, at)) * itemAt(factors, at),
    )
    const channelOf = outputOf(layer, weight.shape)
    const values = floatsOf(weight).map((each, at) => each * itemAt(factors, channelOf(at)))
    const made = [`${weightName}_folded`, `${norm.name}.bias_folded`] as const
    kept.set(made[0], { ...weight, name: made[0], bytes: bytesOf(values) })
    kept.set(made[1], { name: made[1], type: 'float32', shape: [biases.length], bytes: bytesOf(biases) })
    replaced.set(layer, { ...layer, inputs: [input, ...made], outputs: norm.outputs })
    gone.add(norm)
  }
  const left = nodes.filter((node) => !gone.has(node)).map((node) => replaced.get(node) ?? node)
  return { nodes: left, initializers: kept }
}

/** Which output channel a value of a convolution's weight belongs to, counted over all groups. */
function outputOf({ type, attributes }: OnnxNode, shape: readonly number[]): (at: number) => number {
  if (type === 'Conv') return channels(shape, 0)
  const [inputs = 1, outputs = 1, ...kernel] = shape
  const area = kernel.reduce((all, size) => all * size, 1)
  const group = inputs / Number(attributes['group'] ?? 1)
  return (at) => Math.floor(Math.floor(at / (outputs * area)) / group) * outputs + (Math.floor(at / area) % outputs)
}

const nodeOf = (
  type: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, Attribute>> = {},
): OnnxNode => ({ name: output, type, inputs, outputs: [output], attributes })

const producersOf = (nodes: readonly OnnxNode[]): Map<string, OnnxNode> =>
  new Map(nodes.flatMap((node) => node.outputs.map((output): [string, OnnxNode] => [output, node])))

function consumersOf(nodes: readonly OnnxNode[]): Map<string, OnnxNode[]> {
  const consumers = new Map<string, OnnxNode[]>()
  for (const node of nodes) for (const name of node.inputs) consumers.set(name, [...(consumers.get(name) ?? []), node])
  return consumers
}

/** A copy, because bytes may begin anywhere. */
const floatsOf = ({ bytes }: Initializer): Float32Array => new Float32Array(bytes.slice().buffer)

const bytesOf = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
