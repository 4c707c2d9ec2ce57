import { dispose, type Tensor } from '@ddnet/ops'
import { expectTensorClose, type FixtureCase, type FixtureTensor, upload } from '@ddnet/testing'
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

/**
 * Takes the ten steps of a fixture with the parameters `a` and `b`, and compares them, and where there is one their average,
 * with PyTorch's after each.
 *
 * @returns the last state, whose tensors are disposed
 */
export async function expectTorchSteps(
  { tensors, options }: FixtureCase,
  optimizer: Optimizer,
): Promise<OptimizerState> {
  const fixture = (name: string) => tensors[name] as FixtureTensor
  const frozen: unknown = options['frozen']
  const without: Readonly<Record<string, readonly number[]>> = options['without'] ?? {}
  const paths = ['a', 'b']
  let params: Tensors = Object.fromEntries(paths.map((path) => [path, upload(fixture(path))]))
  let state = initState(optimizer, Object.fromEntries(Object.entries(params).filter(([path]) => path !== frozen)))
  for (let step = 0; step < 10; step++) {
    const given = paths.filter((path) => path !== frozen && !without[path]?.includes(step))
    const grads = Object.fromEntries(given.map((path) => [path, upload(at(fixture(`${path}.gradients`), step))]))
    const next = applyGradients(optimizer, grads, state, params)
    dispose([params, state.tensors, grads].flatMap((each) => Object.values<Tensor>(each)))
    ;({ params, state } = next)
    const average = averagedParams(optimizer, state)
    for (const path of paths) {
      // A single float32 rounding error, carried over ten steps.
      await expectTensorClose(
        params[path] as Tensor,
        at(fixture(`${path}.after`), step),
        2e-6,
        `${path} after ${step + 1}`,
      )
      if (average === undefined) continue
      const expected = at(fixture(`${path}.average`), step)
      await expectTensorClose(average[path] as Tensor, expected, 2e-6, `the average of ${path} after ${step + 1}`)
    }
  }
  dispose([params, state.tensors].flatMap((each) => Object.values(each)))
  return state
}
