import type { Module, StateDict } from '@ddnet/layers'
import type { HostTensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import type { ChannelGroup } from './definitions.ts'

/**
 * Weights of which a share is 0: those of the smallest magnitude in all of the network together. Weights are the parameters of two axes or more.
 *
 * @param model says what is a weight
 * @param share of all weights, from 0 to below 1
 * @see torch.nn.utils.prune.global_unstructured with L1Unstructured; Han et al. 2015, "Learning both Weights and Connections for Efficient Neural Networks"
 */
export function pruneWeights(model: Module, tensors: StateDict, share: number): StateDict {
  const names = [...model.parameters()].flatMap(([name, { shape }]) => (shape.length > 1 ? [name] : []))
  const weights = names.map((name): [string, Float32Array] => [
    name,
    Float32Array.from(tensors[name]?.data ?? [], Number),
  ])
  const count = weights.reduce((sum, [, { length }]) => sum + length, 0)
  const pruned = Math.round(share * count)
  const order = new Uint32Array(count).map((_, at) => at)
  const magnitudes = new Float32Array(count)
  let from = 0
  for (const [, values] of weights) {
    for (const [at, value] of values.entries()) magnitudes[from + at] = Math.abs(value)
    from += values.length
  }
  order.sort((a, b) => itemAt(magnitudes, a) - itemAt(magnitudes, b) || a - b)
  const gone = new Set(order.subarray(0, pruned))
  from = 0
  const result: StateDict = { ...tensors }
  for (const [name, values] of weights) {
    const start = from
    const { shape } = tensors[name] ?? { shape: [] }
    result[name] = { dtype: 'float32', shape, data: values.map((value, at) => (gone.has(start + at) ? 0 : value)) }
    from += values.length
  }
  return result
}

/** What is left of a network of which channels were taken. */
export interface PrunedChannels {
  /** How many of each number of the option `channels`. */
  readonly channels: readonly number[]
  readonly model: StateDict
  /** The tensors of its optimizer, whose names end with those of the parameters. */
  readonly optimizer: StateDict
}

/** One list of places along an axis. */
interface Cut {
  readonly axis: number
  readonly kept: readonly number[]
}

/**
 * A network of fewer channels: of each group those stay whose filters have the largest sums of magnitudes, in all convolutions that give them
 * together, and they are taken out of all that gives, normalises and takes them.
 *
 * @param model the whole network
 * @param channels how many each number of its option `channels` counts
 * @param share of the channels that goes, from 0 to below 1; one channel always stays
 * @see torch.nn.utils.prune.ln_structured with n = 1; Li et al. 2017, "Pruning Filters for Efficient ConvNets"
 */
export function pruneChannels(
  model: Module,
  { model: tensors, optimizer }: { readonly model: StateDict; readonly optimizer: StateDict },
  {
    groups,
    channels,
    share,
  }: { readonly groups: readonly ChannelGroup[]; readonly channels: readonly number[]; readonly share: number },
): PrunedChannels {
  const parameters = model.parameters()
  const multiples = channels.map((_, at) =>
    Math.max(1, ...groups.filter((each) => each.channels === at).map(({ multipleOf = 1 }) => multipleOf)),
  )
  const left = channels.map((count, at) => {
    const unit = itemAt(multiples, at)
    return Math.max(unit, Math.round((count * (1 - share)) / unit) * unit)
  })
  /** By the names of what is cut, in the file's order of axes and in the parameter's own. */
  const cuts = new Map<string, { file: Cut[]; own: Cut[] }>()
  const cut = (name: string, role: 'outputs' | 'inputs', kept: readonly number[]) => {
    if (tensors[name] === undefined) return
    const { layout, shape } = parameters.get(name) ?? { layout: undefined, shape: tensors[name].shape }
    const isTransposed = layout === 'transposedFilter'
    const isFilter = isTransposed || layout === 'filter'
    const first = (role === 'outputs') !== isTransposed
    const file = shape.length === 1 || first ? 0 : 1
    const own = !isFilter ? file : first ? shape.length - 1 : shape.length - 2
    const known = cuts.get(name) ?? { file: [], own: [] }
    cuts.set(name, { file: [...known.file, { axis: file, kept }], own: [...known.own, { axis: own, kept }] })
  }
  for (const group of groups) {
    const count = itemAt(channels, group.channels)
    const kept = strongest(group, count, itemAt(left, group.channels), model, tensors)
    for (const module of group.outputs) {
      const width = sizeAlong(`${module}.weight`, 'outputs', model, tensors) / count
      const places = kept.flatMap((channel) => Array.from({ length: width }, (_, at) => channel * width + at))
      cut(`${module}.weight`, 'outputs', places)
      cut(`${module}.bias`, 'outputs', places)
    }
    for (const module of group.norms)
      for (const name of ['weight', 'bias', 'running_mean', 'running_var']) cut(`${module}.${name}`, 'outputs', kept)
    for (const module of group.inputs) cut(`${module}.weight`, 'inputs', kept)
  }
  const applied = (tensor: HostTensor, list: readonly Cut[] = []) => list.reduce(taken, tensor)
  return {
    channels: left,
    model: Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [name, applied(tensor, cuts.get(name)?.file)]),
    ),
    optimizer: Object.fromEntries(
      Object.entries(optimizer).map(([name, tensor]) => {
        const of = [...parameters.keys()].find((path) => name.endsWith(`.${path}`))
        const isShaped = of !== undefined && parameters.get(of)?.shape.join() === tensor.shape.join()
        return [name, isShaped ? applied(tensor, cuts.get(of)?.own) : tensor]
      }),
    ),
  }
}

/** How long a weight is along its outputs, as files have it. */
function sizeAlong(name: string, role: 'outputs', model: Module, tensors: StateDict): number {
  const isTransposed = model.parameters().get(name)?.layout === 'transposedFilter'
  return itemAt(tensors[name]?.shape, (role === 'outputs') !== isTransposed ? 0 : 1)
}

/** The channels of the largest sums of magnitudes, in their order. */
function strongest(
  { outputs }: ChannelGroup,
  count: number,
  left: number,
  model: Module,
  tensors: StateDict,
): readonly number[] {
  const sums = new Float64Array(count)
  for (const module of outputs) {
    const name = `${module}.weight`
    const { shape, data } = tensors[name] ?? { shape: [0, 0], data: new Float32Array(0) }
    const axis = model.parameters().get(name)?.layout === 'transposedFilter' ? 1 : 0
    const inner = shape.slice(axis + 1).reduce((all, size) => all * size, 1)
    const size = itemAt(shape, axis)
    for (let at = 0; at < data.length; at++) {
      const channel = Math.floor(((Math.floor(at / inner) % size) * count) / size)
      sums[channel] = itemAt(sums, channel) + Math.abs(Number(data[at]))
    }
  }
  const order = Array.from({ length: count }, (_, channel) => channel)
  order.sort((a, b) => itemAt(sums, b) - itemAt(sums, a) || a - b)
  return order.slice(0, left).sort((a, b) => a - b)
}

/** A tensor with some places along an axis. */
function taken(tensor: HostTensor, { axis, kept }: Cut): HostTensor {
  const { shape } = tensor
  const inner = shape.slice(axis + 1).reduce((all, size) => all * size, 1)
  const size = itemAt(shape, axis)
  const places = new Set(kept)
  const data = Float32Array.from(tensor.data, Number).filter((_, at) => places.has(Math.floor(at / inner) % size))
  return { dtype: 'float32', shape: shape.with(axis, kept.length), data }
}
