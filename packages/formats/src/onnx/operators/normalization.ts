import { type Converter, type Converters, constants, input, output } from '../converter.ts'
import { channelsFirst, natural } from '../order.ts'
import type { Size } from '../size.ts'
import { withActivation } from './elementwise.ts'

interface GroupNorm {
  readonly groups: number
  readonly eps: number
}

const batchNorm: Converter = (graph, operation) => {
  const { eps } = constants<{ eps: number }>(operation)
  const x = input(operation, 'x')
  const order = channelsFirst(x.shape.length)
  const vectors = ['weight', 'bias', 'mean', 'variance'].map((role) => graph.read(input(operation, role)))
  const name = graph.node('BatchNormalization', [graph.read(x, order), ...vectors], { epsilon: { float: eps } })
  graph.define(output(operation), withActivation(graph, name, operation), order)
}

/**
 * Over `[outer, count, channels]`: layer norm where each row is one group, instance norm where each channel is, and else
 * instance norm over the groups as channels, weight and bias behind it.
 */
const groupNorm: Converter = (graph, operation) => {
  const { groups, eps } = constants<GroupNorm>(operation)
  const [x, weight, bias] = [input(operation, 'x'), input(operation, 'weight'), input(operation, 'bias')]
  const [outer, count, channels] = x.shape as [Size, number, number]
  const epsilon = { epsilon: { float: eps } }
  if (count === 1 && groups === 1) {
    const name = graph.node('LayerNormalization', [graph.read(x), graph.read(weight), graph.read(bias)], {
      axis: -1,
      ...epsilon,
    })
    graph.define(output(operation), withActivation(graph, name, operation), natural(3))
    return
  }
  const order = channelsFirst(3)
  const name = graph.read(x, order) // [outer, channels, count]
  if (groups === channels) {
    const normalized = graph.node('InstanceNormalization', [name, graph.read(weight), graph.read(bias)], epsilon)
    graph.define(output(operation), withActivation(graph, normalized, operation), order)
    return
  }
  const grouped = graph.reshape(name, [outer, groups, (channels / groups) * count])
  const [ones, zeros] = [1, 0].map((value) => graph.floats(new Float32Array(groups).fill(value), [groups]))
  const normalized = graph.node('InstanceNormalization', [grouped, ones as string, zeros as string], epsilon)
  const shaped = graph.reshape(normalized, [outer, channels, count])
  const scaled = graph.node('Mul', [shaped, graph.readBroadcast(weight, order)])
  const shifted = graph.node('Add', [scaled, graph.readBroadcast(bias, order)])
  graph.define(output(operation), withActivation(graph, shifted, operation), order)
}

export const normalizationConverters: Converters = { batchNormInference: batchNorm, groupNorm }
