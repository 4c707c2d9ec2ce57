import { type Tensor, toHost, valueAndGrads } from '@ddnet/ops'
import {
  describeBackends,
  describeOp,
  entryOf,
  type FixtureTensor,
  itemAt,
  keepForPage,
  type OpChecks,
  operatorFixtures,
  pageRows,
  testDevice,
  upload,
} from '@ddnet/testing'
import { expect, test } from 'vitest'

/**
 * Checks a loss as an operator, with PyTorch's numbers of `fixtures/operators/NAME.json`, and that its values and gradients are as
 * near to them as docs/losses.md says.
 */
export function describeLoss<const Input extends string, const Constant extends string = never>(
  name: string,
  checks: OpChecks<Input, Constant>,
): void {
  describeOp(name, checks)
  const plain = (roles: readonly string[]): string[] => roles.map((role) => role.replace('?', ''))
  const [inputs, constants] = [plain(checks.inputs), plain(checks.constants ?? [])]
  const cases = operatorFixtures(name).filter(({ nan }) => nan !== true)
  describeBackends(name, (backend) => {
    test('is as near to PyTorch as docs/losses.md says', async () => {
      const errors = { value: 0, gradient: 0 }
      for (const { tensors, options } of cases) {
        const given = (roles: readonly string[]) =>
          Object.fromEntries(roles.flatMap((role) => (tensors[role] ? [[role, upload(tensors[role])]] : [])))
        const xs = given(inputs)
        const all = { ...xs, ...given(constants) }
        const run = () => checks.run(all as Parameters<typeof checks.run>[0], options) // the fixture has what it must
        const { value, grads } = valueAndGrads(run, Object.values(xs), upload(entryOf(tensors, 'dy')))
        errors.value = Math.max(errors.value, await errorOf(value, entryOf(tensors, 'y')))
        for (const [at, role] of Object.keys(xs).entries()) {
          const error = await errorOf(itemAt(grads, at), entryOf(tensors, `d${role}`))
          errors.gradient = Math.max(errors.gradient, error)
        }
      }
      if (backend === 'tensorflow' && testDevice() !== 'cpu') return
      if (keepForPage('losses', `${name}.${backend}`, { loss: name, cases: cases.length, backend, ...errors })) return
      const row = pageRows('losses').get(name)
      expect(row?.['cases'], `cases of ${name}; pnpm losses writes the page again`).toBe(String(cases.length))
      const [value, gradient] = (row?.[backend] ?? '').split(' · ').map(Number)
      expect(errors.value, 'the largest error of a value').toBeLessThanOrEqual(value as number)
      expect(errors.gradient, 'the largest error of a gradient').toBeLessThanOrEqual(gradient as number)
    })
  })
}

/** The largest difference, relative to the largest expected value, or to 1. */
async function errorOf(actual: Tensor, expected: FixtureTensor): Promise<number> {
  const { data } = await toHost(actual)
  const scale = Array.from(expected.data, Math.abs).reduce((most, each) => Math.max(most, each), 1)
  const differences = Array.from(expected.data, (value, at) => Math.abs(Number(data[at]) - value) / scale)
  return differences.reduce((most, each) => (each > most || Number.isNaN(each) ? each : most), 0)
}
