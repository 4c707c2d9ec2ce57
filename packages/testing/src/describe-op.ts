import { memory, type Tensor, valueAndGrads } from '@ddnet/ops'
import { expect, test } from 'vitest'
import { allBackends, type BackendName, describeBackends } from './backends.ts'
import { expectTensorClose } from './close-to.ts'
import { expectDifferences } from './differences.ts'
import { type FixtureCase, type FixtureTensor, operatorFixtures, upload } from './fixtures.ts'
import { penalty } from './penalty.ts'

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
  tolerance?: number | ((tensors: FixtureCase['tensors'], options: FixtureCase['options']) => number)
  /** The case that is compared with central differences (default: the first); no value of it may lie on a kink. */
  differences?: string
}

/**
 * Checks an operator on every backend, case by case, against PyTorch's numbers from `fixtures/operators/NAME.json`: its
 * values, the gradient of every input, the second derivatives where the case has them, where a NaN goes, and that
 * nothing but the results is left in memory. One case is compared with central differences too, at both orders.
 */
export function describeOp(name: string, checks: OpChecks): void {
  const { run, inputs, constants = [], backends = allBackends, tolerance, differences } = checks
  const cases = operatorFixtures(name)
  const ordinary = cases.filter(({ nan }) => nan !== true)
  describeBackends(
    name,
    (backend) => {
      test.each(ordinary)('$name', async ({ options, tensors }) => {
        const within = typeof tolerance === 'function' ? tolerance(tensors, options) : tolerance
        const before = memory().numTensors
        const given = uploadRoles(tensors, [...inputs, ...constants])
        const differentiable = inputs.filter((role) => tensors[role] !== undefined)
        const xs = differentiable.map((role) => given[role] as Tensor)
        const seed = upload(role(tensors, 'dy', name))
        const { value, grads } = valueAndGrads(() => run(given, options), xs, seed)
        await expectTensorClose(value, role(tensors, 'y', name), within, 'y')
        for (const [index, input] of differentiable.entries()) {
          await expectTensorClose(grads[index] as Tensor, role(tensors, `d${input}`, name), within, `d${input}`)
        }
        const used = [...Object.values(given), seed, value, ...grads]
        if (tensors['penalty'] !== undefined) {
          const second = valueAndGrads(() => penalty(() => run(given, options), xs, seed), xs)
          used.push(second.value, ...second.grads)
          // Squared and differentiated again: an order of magnitude less exact.
          const loosely = 10 * (within ?? 1e-5)
          await expectTensorClose(second.value, tensors['penalty'], loosely, 'penalty')
          for (const [index, input] of differentiable.entries()) {
            const expected = role(tensors, `penalty.d${input}`, name)
            await expectTensorClose(second.grads[index] as Tensor, expected, loosely, `penalty.d${input}`)
          }
        }
        for (const tensor of used) tensor.dispose()
        expect(memory().numTensors, 'tensors left behind').toBe(before)
      })

      test('agrees with central differences at both orders', async () => {
        const one = differences === undefined ? ordinary[0] : ordinary.find((each) => each.name === differences)
        if (one === undefined) throw new Error(`fixture ${name}: no case ${differences ?? 'without NaN'}`)
        const given = uploadRoles(one.tensors, [...inputs, ...constants])
        const differentiable = inputs.filter((role) => one.tensors[role] !== undefined)
        await expectDifferences(
          (xs) => run({ ...given, ...xs }, one.options),
          Object.fromEntries(differentiable.map((input) => [input, role(one.tensors, input, name)])),
          role(one.tensors, 'dy', name),
        )
        for (const tensor of Object.values(given)) tensor.dispose()
      })

      const broken = cases.filter(({ nan }) => nan === true)
      // WGSL lets an implementation assume that there are no NaNs; docs/operators.md says what becomes of them there.
      if (backend !== 'webgpu') {
        test.each(broken)('a NaN goes where it does in PyTorch', async ({ options, tensors }) => {
          const given = uploadRoles(tensors, [...inputs, ...constants])
          const y = run(given, options)
          await expectTensorClose(y, role(tensors, 'y', name), undefined, 'y')
          for (const tensor of [...Object.values(given), y]) tensor.dispose()
        })
      }
    },
    backends,
  )
}

function role(tensors: FixtureCase['tensors'], name: string, operator: string): FixtureTensor {
  const found = tensors[name]
  if (found === undefined) throw new Error(`fixture ${operator}: no ${name}`)
  return found
}

/** The tensors of those roles that a case has. */
function uploadRoles(tensors: FixtureCase['tensors'], roles: readonly string[]): Inputs {
  const given: Inputs = {}
  for (const role of roles) {
    const fixture = tensors[role]
    if (fixture !== undefined) given[role] = upload(fixture)
  }
  return given
}
