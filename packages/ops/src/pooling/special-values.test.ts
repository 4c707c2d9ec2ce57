import { type Tensor, valueAndGrads } from '@ddnet/ops'
import { describeBackends, entryOf, type FixtureCase, itemAt, operatorFixtures, upload } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { adaptiveAvgPool2d } from './adaptive-avg-pool2d.ts'
import { adaptiveMaxPool2d } from './adaptive-max-pool2d.ts'
import { avgPool2d } from './avg-pool2d.ts'
import { maxPool2d, maxPool2dWithIndices } from './max-pool2d.ts'

const poolings: Record<string, (x: Tensor, options: never) => Tensor> = {
  maxPool2d,
  avgPool2d,
  adaptiveAvgPool2d: (x, { outputSize }) => adaptiveAvgPool2d(x, outputSize),
  adaptiveMaxPool2d: (x, { outputSize }) => adaptiveMaxPool2d(x, outputSize),
}

const values = async (x: Tensor): Promise<number[]> => Array.from(await x.data())

const expected = (tensors: FixtureCase['tensors'], role: string): number[] => Array.from(entryOf(tensors, role).data)

/** Infinities and NaNs exactly, numbers as float32 sums of a few of them. */
function expectSame(actual: number[], wanted: number[], label: string): void {
  expect(actual.length, label).toBe(wanted.length)
  for (const [index, value] of actual.entries()) {
    const each = itemAt(wanted, index)
    if (Number.isFinite(each))
      expect(Math.abs(value - each), `${label}[${index}]: ${value}, not ${each}`).toBeLessThan(1e-5)
    else expect(value, `${label}[${index}]`).toBe(each)
  }
}

describeBackends('poolings of', (backend) => {
  const cases = operatorFixtures('poolingSpecials') as (FixtureCase & { kind: string })[]
  // WGSL lets an implementation assume that there are no NaNs.
  const known = cases.filter(({ kind }) => kind === 'infinities' || backend !== 'webgpu')
  test.each(known)('$kind: $name', async ({ options: { operator, ...options }, tensors }) => {
    const x = upload(entryOf(tensors, 'x'))
    const run = () => (poolings[operator] as (x: Tensor, options: object) => Tensor)(x, options)
    const { value, grads } = valueAndGrads(run, [x], upload(entryOf(tensors, 'dy')))
    expectSame(await values(value), expected(tensors, 'y'), 'y')
    expectSame(await values(grads[0]), expected(tensors, 'dx'), 'dx')
    if (operator !== 'maxPool2d') return
    const pooled = maxPool2dWithIndices(x, options)
    expectSame(await values(pooled.values), expected(tensors, 'y'), 'values')
    expect(await values(pooled.indices)).toEqual(expected(tensors, 'indices'))
  })
})
