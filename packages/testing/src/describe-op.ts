import { grad, memory, mul, scalar, type Tensor, tidy, valueAndGrads } from '@ddnet/ops'
import { kernelSource, withCompositions } from '@ddnet/ops/kernels'
import { expect, test } from 'vitest'
import { allBackends, type BackendName, describeBackends } from './backends.ts'
import { expectTensorClose } from './close-to.ts'
import { expectDifferences } from './differences.ts'
import { type FixtureCase, type FixtureTensor, operatorFixtures, upload } from './fixtures.ts'
import { kernelsRun } from './kernels-run.ts'
import { expectInTable } from './operator-table.ts'
import { penalty } from './penalty.ts'

type Inputs = Record<string, Tensor>

/** How many cases of an operator run without `DDNET_TEST_ALL`. */
const casesKept = 12

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
  /** The case for central differences and docs/operators.md (default: the first); no value of it may lie on a kink. */
  differences?: string
}

/**
 * Checks an operator on every backend, case by case, against PyTorch's numbers from `fixtures/operators/NAME.json`: its
 * values, the gradient of every input, the second derivatives where the case has them, where a NaN goes, and that
 * nothing but the results is left in memory. One case is compared with central differences too, at both orders, our
 * kernels with the compositions that they stand for, and the kernels that ran with docs/operators.md.
 *
 * Of many cases a dozen runs, and all of them with `DDNET_TEST_ALL`.
 */
export function describeOp(name: string, checks: OpChecks): void {
  const { run, inputs, constants = [], backends = allBackends, tolerance, differences } = checks
  const cases = operatorFixtures(name)
  const ordinary = cases.filter(({ nan }) => nan !== true)
  const chosen = ordinary.find((each) => differences === undefined || each.name === differences)
  if (chosen === undefined) throw new Error(`fixture ${name}: no case ${differences ?? 'without NaN'}`)
  const differentiableOf = ({ tensors }: FixtureCase): string[] => inputs.filter((role) => tensors[role] !== undefined)
  describeBackends(
    name,
    (backend) => {
      test.each(process.env['DDNET_TEST_ALL'] === undefined ? sample(ordinary, chosen) : ordinary)(
        '$name',
        async ({ options, tensors }) => {
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
        },
      )

      test('agrees with central differences at both orders', async () => {
        const given = uploadRoles(chosen.tensors, [...inputs, ...constants])
        await expectDifferences(
          (xs) => run({ ...given, ...xs }, chosen.options),
          Object.fromEntries(differentiableOf(chosen).map((input) => [input, role(chosen.tensors, input, name)])),
          role(chosen.tensors, 'dy', name),
        )
        for (const tensor of Object.values(given)) tensor.dispose()
      })

      const broken = cases.filter(({ nan }) => nan === true)
      const expectNaNs = async ({ options, tensors }: FixtureCase): Promise<void> => {
        const given = uploadRoles(tensors, [...inputs, ...constants])
        const y = run(given, options)
        await expectTensorClose(y, role(tensors, 'y', name), undefined, 'y')
        for (const tensor of [...Object.values(given), y]) tensor.dispose()
      }
      // WGSL lets an implementation assume that there are no NaNs; docs/operators.md says what becomes of them there.
      if (backend !== 'webgpu') test.each(broken)('a NaN goes where it does in PyTorch', expectNaNs)

      test('runs the kernels that docs/operators.md says', async () => {
        const { options, tensors } = chosen
        const given = uploadRoles(tensors, [...inputs, ...constants])
        const xs = differentiableOf(chosen).map((input) => given[input] as Tensor)
        const seed = upload(role(tensors, 'dy', name))
        tidy(() => grad((x) => mul(x, x))(scalar(1))) // what the first gradient of a process registers
        const before = memory().numTensors
        const forward = kernelsRun(() => run(given, options).dispose())
        expect(memory().numTensors, 'tensors left behind outside tidy').toBe(before)
        const both = kernelsRun(() => {
          const { value, grads } = valueAndGrads(() => run(given, options), xs, seed)
          for (const tensor of [value, ...grads]) tensor.dispose()
        })
        const compared = xs.length === 0 ? [] : both.slice(forward.length)
        const nan =
          backend === 'webgpu' && broken.length > 0
            ? await holds(() => expectNaNs(broken[0] as FixtureCase))
            : undefined
        expectInTable(name, backend, { forward, backward: compared, ...(nan !== undefined && { nan }) })
        const own = both.filter((kernel) => kernelSource(kernel, backend) === 'own')
        // Our kernels against the compositions that they stand for, beside PyTorch.
        if (own.length > 0) {
          const { value, grads } = withCompositions(new Set(own), backend, () =>
            valueAndGrads(() => run(given, options), xs, seed),
          )
          const within = typeof tolerance === 'function' ? tolerance(tensors, options) : tolerance
          await expectTensorClose(value, role(tensors, 'y', name), within, 'y of the composition')
          for (const [index, input] of differentiableOf(chosen).entries()) {
            await expectTensorClose(
              grads[index] as Tensor,
              role(tensors, `d${input}`, name),
              within,
              `d${input} of the composition`,
            )
          }
          for (const tensor of [value, ...grads]) tensor.dispose()
        }
        for (const tensor of [...Object.values(given), seed]) tensor.dispose()
      })
    },
    backends,
  )
}

/** Spread over all, the first, the last and `chosen` among them: where a fixture has many pairs of options, the others are for `npm run test:all`. */
function sample(cases: readonly FixtureCase[], chosen: FixtureCase): readonly FixtureCase[] {
  const last = cases.length - 1
  const kept = new Set(Array.from({ length: casesKept }, (_, at) => cases[Math.round((at * last) / (casesKept - 1))]))
  return cases.filter((each) => each === chosen || kept.has(each))
}

/** Whether a check passes. */
const holds = (check: () => Promise<void>): Promise<boolean> =>
  check().then(
    () => true,
    () => false,
  )

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
