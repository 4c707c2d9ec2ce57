import { memory, type Tensor, valueAndGrads } from '@ddnet/ops'
import { expect, test } from 'vitest'
import { allBackends, type BackendName, describeBackends } from './backends.ts'
import { expectTensorClose } from './close-to.ts'
import { type FixtureCase, operatorFixtures, upload } from './fixtures.ts'

type Inputs = Record<string, Tensor>

export interface OpChecks {
  /** Runs the operator on a case's inputs. */
  run: (inputs: Inputs, options: FixtureCase['options']) => Tensor
  /** The differentiable inputs; one that a case lacks is left out. */
  inputs: readonly string[]
  /** Inputs without a derivative, such as labels. */
  constants?: readonly string[]
  backends?: readonly BackendName[]
  /** Relative to the largest expected value; a function where a case's own conditioning decides. */
  tolerance?: number | ((tensors: FixtureCase['tensors']) => number)
}

/**
 * Checks an operator on every backend against PyTorch's numbers: its values, the gradient of every input, and that
 * nothing but the results is left in memory. Case by case from `fixtures/operators/NAME.json`.
 */
export function describeOp(name: string, checks: OpChecks): void {
  const { run, inputs, constants = [], backends = allBackends, tolerance } = checks
  describeBackends(
    name,
    () => {
      test.each(operatorFixtures(name))('$name', async ({ options, tensors }) => {
        const within = typeof tolerance === 'function' ? tolerance(tensors) : tolerance
        const before = memory().numTensors
        const given: Inputs = {}
        for (const role of [...inputs, ...constants]) {
          const fixture = tensors[role]
          if (fixture !== undefined) given[role] = upload(fixture)
        }
        const differentiable = inputs.filter((role) => tensors[role] !== undefined)
        const dy = tensors['dy']
        if (dy === undefined) throw new Error(`fixture ${name}: no dy`)
        const seed = upload(dy)
        const { value, grads } = valueAndGrads(
          () => run(given, options),
          differentiable.map((role) => given[role] as Tensor),
          seed,
        )
        await expectTensorClose(value, tensors['y'] as NonNullable<typeof dy>, within, 'y')
        for (const [index, role] of differentiable.entries()) {
          const expected = tensors[`d${role}`]
          if (expected === undefined) throw new Error(`fixture ${name}: no d${role}`)
          await expectTensorClose(grads[index] as Tensor, expected, within, `d${role}`)
        }
        for (const tensor of [...Object.values(given), seed, value, ...grads]) tensor.dispose()
        expect(memory().numTensors, 'tensors left behind').toBe(before)
      })
    },
    backends,
  )
}
