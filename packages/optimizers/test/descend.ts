import { dispose, type Tensor, toHost } from '@ddnet/ops'
import { entryOf, expectClose, type FixtureCase, type FixtureTensor, upload } from '@ddnet/testing'
import { expect } from 'vitest'
import {
  applyGradients,
  averagedParams,
  initState,
  type Optimizer,
  type OptimizerState,
  type Tensors,
} from '../src/index.ts'

/** Step `step` of a fixture's `[steps, …]` tensor. */
const at = ({ shape, data }: FixtureTensor, step: number): FixtureTensor => {
  const size = shape.slice(1).reduce((product, each) => product * each, 1)
  return {
    shape: shape.slice(1),
    dtype: 'float32',
    data: Float32Array.from(data.slice(step * size, (step + 1) * size)),
  }
}

/** What the steps of a fixture came to. */
export interface Descent {
  /** The last state, whose tensors are disposed. */
  readonly state: OptimizerState
  /** The largest difference from the reference, as a share of the largest number of the parameter, or of 1. */
  readonly difference: number
}

/**
 * Takes the steps of a fixture, and compares its parameters, and where there is one their average, with the reference's after
 * each.
 */
export async function expectReferenceSteps({ tensors, options }: FixtureCase, optimizer: Optimizer): Promise<Descent> {
  const fixture = (name: string) => entryOf(tensors, name)
  const frozen: unknown = options['frozen']
  const without: Readonly<Record<string, readonly number[]>> = options['without'] ?? {}
  const paths = Object.keys(tensors).flatMap((name) => (name.endsWith('.gradients') ? name.slice(0, -10) : []))
  const steps = fixture(`${paths[0]}.gradients`).shape[0] ?? 0
  let params: Tensors = Object.fromEntries(paths.map((path) => [path, upload(fixture(path))]))
  let state = initState(optimizer, Object.fromEntries(Object.entries(params).filter(([path]) => path !== frozen)))
  let difference = 0
  const compare = async (actual: Tensor | undefined, expected: FixtureTensor, label: string) => {
    const { data, shape } = await toHost(actual as Tensor)
    expect(shape, label).toEqual(expected.shape)
    expectClose(data as Float32Array, expected.data, 2e-6, label) // float32's rounding errors, carried over the steps
    const scale = Math.max(1, ...expected.data.map(Math.abs))
    for (const [index, value] of expected.data.entries()) {
      difference = Math.max(difference, Math.abs(Number(data[index]) - value) / scale)
    }
  }
  for (let step = 0; step < steps; step++) {
    const given = paths.filter((path) => path !== frozen && !without[path]?.includes(step))
    const grads = Object.fromEntries(given.map((path) => [path, upload(at(fixture(`${path}.gradients`), step))]))
    const next = applyGradients(optimizer, grads, state, params)
    dispose([params, state.tensors, grads].flatMap((each) => Object.values<Tensor>(each)))
    ;({ params, state } = next)
    const average = averagedParams(optimizer, state)
    for (const path of paths) {
      await compare(params[path], at(fixture(`${path}.after`), step), `${path} after ${step + 1}`)
      if (average === undefined) continue
      await compare(average[path], at(fixture(`${path}.average`), step), `the average of ${path} after ${step + 1}`)
    }
  }
  dispose([params, state.tensors].flatMap((each) => Object.values(each)))
  expect(state.step).toBe(steps)
  return { state, difference }
}
