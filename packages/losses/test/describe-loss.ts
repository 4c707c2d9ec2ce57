import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type Tensor, toHost, valueAndGrads } from '@ddnet/ops'
import {
  describeBackends,
  describeOp,
  entryOf,
  type FixtureTensor,
  itemAt,
  type OpChecks,
  operatorFixtures,
  testDevice,
  upload,
} from '@ddnet/testing'
import { expect, test } from 'vitest'

const page = new URL('../../../docs/losses.md', import.meta.url)

/**
 * Checks a loss as an operator, with PyTorch's numbers of `fixtures/operators/NAME.json`, and that its values and gradients are as
 * near to them as docs/losses.md says. `pnpm losses` sets `DDNET_LOSSES_FOLDER`, to write the table from what is found there.
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
      const folder = process.env['DDNET_LOSSES_FOLDER']
      if (folder !== undefined) {
        mkdirSync(folder, { recursive: true })
        const fact = { loss: name, cases: cases.length, backend, ...errors }
        writeFileSync(`${folder}/${name}.${backend}.json`, JSON.stringify(fact))
        return
      }
      const row = rowOf(name)
      expect(row['cases'], 'cases; pnpm losses writes the page again').toBe(String(cases.length))
      const [value, gradient] = (row[backend] ?? '').split(' · ').map(Number)
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

/** The row of a loss by the names of its columns. */
function rowOf(loss: string): Readonly<Record<string, string>> {
  const [head, ...rows] = readFileSync(page, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
  const found = rows.find((cells) => cells[1] === loss)
  expect(found, `${loss} in docs/losses.md; pnpm losses writes it`).toBeDefined()
  return Object.fromEntries((head ?? []).map((name, at) => [name, found?.[at] ?? '']))
}
