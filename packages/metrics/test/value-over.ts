import { toHost } from '@ddnet/ops'
import type { Measure } from '../src/index.ts'

/** What a trainer makes of a measure: its state, which has been in a file. */
export async function stateOf(measure: Measure<unknown>): Promise<unknown> {
  const values = Object.entries(measure.tensors).map(async ([name, value]) => [name, await toHost(value)] as const)
  return JSON.parse(JSON.stringify(measure.state(Object.fromEntries(await Promise.all(values)))))
}

/** The value of several batches. */
export async function valueOver<V>(...measures: [Measure<V>, ...Measure<V>[]]): Promise<V> {
  const states = await Promise.all(measures.map(stateOf))
  const [{ compute, merge }] = measures
  return compute(states.reduce((a, b) => merge(a, b)))
}
