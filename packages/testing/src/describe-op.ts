import { grad, memory, mul, scalar, type Tensor, tidy, valueAndGrads } from '@ddnet/ops'
import { kernelSource, withCompositions } from '@ddnet/ops/kernels'
import { expectDifferences } from '@ddnet/ops/testing'
import { expect, test } from 'vitest'
import { allBackends, type BackendName, describeBackends } from './backends.ts'
import { expectTensorClose } from './close-to.ts'
import { type FixtureCase, type FixtureTensor, operatorFixtures, upload } from './fixtures.ts'
import { kernelsRun } from './kernels-run.ts'
import { expectInTable } from './operator-table.ts'
import { penalty } from './penalty.ts'

/** Tensors by the roles of a list, in which `bias?` names one that a case may lack. */
export type Roles<Role extends string> = {
  [Name in Role as Name extends `${string}?` ? never : Name]: Tensor
} & { [Name in Role as Name extends `${infer Plain}?` ? Plain : never]?: Tensor }

/** How many cases of an operator run without `DDNET_TEST_ALL`. */
const casesKept = 12

export interface OpChecks<Input extends string, Constant extends string = never> {
  /** Runs the operator on a case's inputs. */
  run: (inputs: Roles<Input | Constant>, options: FixtureCase['options']) => Tensor
  /** The roles of the differentiable inputs; `bias?` is one that a case may lack. */
  inputs: readonly Input[]
  /** The roles of inputs without a derivative, such as labels. */
  constants?: readonly Constant[]
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
export function describeOp<const Input extends string, const Constant extends string = never>(
  name: string,
  checks: OpChecks<Input, Constant>,
): void {
  const { constants = [], backends = allBackends, tolerance, differences } = checks
  const cases = operatorFixtures(name)
  const ordinary = cases.filter(({ nan }) => nan !== true)
  const chosen = ordinary.find((each) => differences === undefined || each.name === differences)
  if (chosen === undefined) throw new Error(`fixture ${name}: no case ${differences ?? 'without NaN'}`)
  const toleranceFor = ({ tensors, options }: FixtureCase): number | undefined =>
    typeof tolerance === 'function' ? tolerance(tensors, options) : tolerance
  /** The fixtures of the inputs that a case has; @throws Error if one that it must have is missing */
  const givenBy = (tensors: FixtureCase['tensors'], roles: readonly string[]): Record<string, FixtureTensor> =>
    Object.fromEntries(
      roles
        .map((each) => (each.endsWith('?') ? each.slice(0, -1) : role(tensors, each, name) && each))
        .flatMap((each) => (tensors[each] === undefined ? [] : [[each, tensors[each]] as const])),
    )
  /** What a case is run on; `xs` are to be differentiated by. */
  const start = ({ tensors, options }: FixtureCase) => {
    const xs = uploadAll(givenBy(tensors, checks.inputs))
    const given = { ...xs, ...uploadAll(givenBy(tensors, constants)) }
    return {
      xs,
      run: (changed: Record<string, Tensor> = {}): Tensor =>
        checks.run({ ...given, ...changed } as Roles<Input | Constant>, options), // the roles that `givenBy` has found
      dispose: (...others: readonly Tensor[]): void => {
        for (const tensor of [...Object.values(given), ...others]) tensor.dispose()
      },
    }
  }
  describeBackends(
    name,
    (backend) => {
      test.each(process.env['DDNET_TEST_ALL'] === undefined ? sample(ordinary, chosen) : ordinary)(
        '$name',
        async (each) => {
          const { tensors } = each
          const within = toleranceFor(each)
          const before = memory().numTensors
          const { xs, run, dispose } = start(each)
          const seed = upload(role(tensors, 'dy', name))
          const { value, grads } = valueAndGrads(run, Object.values(xs), seed)
          await expectTensorClose(value, role(tensors, 'y', name), within, 'y')
          await expectGradients(grads, Object.keys(xs), tensors, within)
          const used = [seed, value, ...grads]
          if (tensors['penalty'] !== undefined) {
            const all = Object.values(xs)
            const second = valueAndGrads(() => penalty(run, all, seed), all)
            used.push(second.value, ...second.grads)
            // Squared and differentiated again: an order of magnitude less exact.
            const loosely = 10 * (within ?? 1e-5)
            await expectTensorClose(second.value, tensors['penalty'], loosely, 'penalty')
            await expectGradients(second.grads, Object.keys(xs), tensors, loosely, 'penalty.')
          }
          dispose(...used)
          expect(memory().numTensors, 'tensors left behind').toBe(before)
        },
      )

      test('agrees with central differences at both orders', async () => {
        const { run, dispose } = start(chosen)
        await expectDifferences(run, givenBy(chosen.tensors, checks.inputs), role(chosen.tensors, 'dy', name))
        dispose()
      })

      const broken = cases.filter(({ nan }) => nan === true)
      const expectNaNs = async (each: FixtureCase): Promise<void> => {
        const { run, dispose } = start(each)
        const y = run()
        await expectTensorClose(y, role(each.tensors, 'y', name), undefined, 'y')
        dispose(y)
      }
      // WGSL lets an implementation assume that there are no NaNs; docs/operators.md says what becomes of them there.
      if (backend !== 'webgpu') test.each(broken)('a NaN goes where it does in PyTorch', expectNaNs)

      test('runs the kernels that docs/operators.md says', async () => {
        const { tensors } = chosen
        const { xs: named, run, dispose } = start(chosen)
        const xs = Object.values(named)
        const seed = upload(role(tensors, 'dy', name))
        tidy(() => grad((x) => mul(x, x))(scalar(1))) // what the first gradient of a process registers
        const before = memory().numTensors
        const forward = kernelsRun(() => run().dispose())
        expect(memory().numTensors, 'tensors left behind outside tidy').toBe(before)
        const both = kernelsRun(() => {
          const { value, grads } = valueAndGrads(run, xs, seed)
          for (const tensor of [value, ...grads]) tensor.dispose()
        })
        const backward = xs.length === 0 ? [] : both.slice(forward.length)
        const [first] = broken
        const nan = backend === 'webgpu' && first !== undefined ? await holds(() => expectNaNs(first)) : undefined
        expectInTable(name, backend, { forward, backward, ...(nan !== undefined && { nan }) })
        const own = both.filter((kernel) => kernelSource(kernel, backend) === 'own')
        // Our kernels against the compositions that they stand for, beside PyTorch.
        if (own.length > 0) {
          const { value, grads } = withCompositions(new Set(own), backend, () => valueAndGrads(run, xs, seed))
          const within = toleranceFor(chosen)
          await expectTensorClose(value, role(tensors, 'y', name), within, 'y of the composition')
          await expectGradients(grads, Object.keys(named), tensors, within, '', ' of the composition')
          for (const tensor of [value, ...grads]) tensor.dispose()
        }
        dispose(seed)
      })
    },
    backends,
  )

  async function expectGradients(
    grads: readonly Tensor[],
    roles: readonly string[],
    tensors: FixtureCase['tensors'],
    within: number | undefined,
    before = '',
    behind = '',
  ): Promise<void> {
    expect(grads.length).toBe(roles.length)
    for (const [index, gradient] of grads.entries()) {
      const expected = `${before}d${roles[index]}`
      await expectTensorClose(gradient, role(tensors, expected, name), within, expected + behind)
    }
  }
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

const uploadAll = (fixtures: Readonly<Record<string, FixtureTensor>>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(fixtures).map(([role, fixture]) => [role, upload(fixture)]))
