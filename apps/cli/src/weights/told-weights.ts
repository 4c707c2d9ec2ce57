import { type Config, type LoadedWeights, patternsOf } from '@ddnet/experiment'
import type { Module } from '@ddnet/layers'
import { formatCount } from '../terminal/format.ts'

const countIn = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

/** What became of weights from elsewhere, in lines. */
export function toldWeights(name: string, model: Module, { taken, anew, left, prefix }: LoadedWeights): string[] {
  const parameters = model.parameters()
  const values = taken.reduce((sum, each) => sum + countIn(parameters.get(each)?.shape ?? [0]), 0)
  const total = [...parameters.values()].reduce((sum, { shape }) => sum + countIn(shape), 0)
  const reasons = new Map<string, string[]>()
  for (const each of anew) reasons.set(each.reason, [...(reasons.get(each.reason) ?? []), each.name])
  return [
    `${name}: ${formatCount(values)} of ${formatCount(total)} parameters`,
    ...(prefix === undefined ? [] : [`its names begin with ${prefix}, which is left out`]),
    ...[...reasons].map(([reason, names]) => `anew: ${some(names)}: ${reason}`),
    ...(left.length > 0 ? [`left in the file: ${some(left)}`] : []),
  ]
}

const some = (names: readonly string[]): string =>
  `${names.slice(0, 4).join(', ')}${names.length > 4 ? ` and ${names.length - 4} more` : ''}`

/** What is frozen, what is trained first and at which rates, in lines; none where all is trained alike. */
export function toldTraining(
  model: Module,
  { freeze, frozenNorms, headFirst, rates, model: { definition } }: Config,
): string[] {
  const parameters = [...model.parameters()]
  const frozen = parameters.filter(([, parameter]) => parameter.frozen)
  const count = (some: typeof parameters) => formatCount(some.reduce((sum, [, { shape }]) => sum + countIn(shape), 0))
  const norms = [...model.buffers().keys()].some((name) => {
    const owner = name.slice(0, name.lastIndexOf('.') + 1)
    return name.endsWith('running_mean') && frozen.some(([each]) => each.startsWith(owner))
  })
  return [
    ...(freeze === null
      ? []
      : [
          `frozen: ${patternsOf(freeze).join(', ')}, ${count(frozen)} of ${count(parameters)} parameters${norms ? (frozenNorms === 'keep' ? '; its norms keep their statistics' : '; its norms still count batches') : ''}`,
        ]),
    ...(headFirst > 0
      ? [
          `${headFirst} ${headFirst === 1 ? 'epoch' : 'epochs'} of ${[definition.head].flat().join(', ')} alone, then all`,
        ]
      : []),
    ...(rates === null
      ? []
      : [
          `rates: ${Object.entries(rates)
            .map(([name, factor]) => `${name} × ${factor}`)
            .join(', ')}`,
        ]),
  ]
}
