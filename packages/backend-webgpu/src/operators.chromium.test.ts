import { expectClose, type FixtureTensor, itemAt, operatorFixtures } from '@ddnet/testing'
import type { openPage } from '@ddnet/testing/browser'
import { pageInChromium } from '@ddnet/testing/page'
import { beforeAll, expect, test } from 'vitest'
import type { check, PlainTensor } from '../test/operators/main.ts'

const casesEach = 5
const names = [
  ...['relu', 'gelu', 'silu', 'softplus', 'softmax', 'logSoftmax', 'linear', 'matMul', 'conv2d', 'convTranspose2d'],
  ...['maxPool2d', 'avgPool2d', 'adaptiveAvgPool2d', 'maxUnpool2d', 'pixelShuffle', 'interpolate', 'pad', 'batchNorm'],
  ...['groupNorm', 'softmaxCrossEntropy'],
]

const served = pageInChromium(new URL('../test/operators/', import.meta.url))
let page: Awaited<ReturnType<typeof openPage>>['page']
let errors: string[]

beforeAll(async () => {
  ;({ page, errors } = await served.open())
})

const plain = ({ shape, dtype, data }: FixtureTensor): PlainTensor => ({ shape, dtype, data: [...data] })

/** Cases over the whole list, since neighbours are alike. */
const casesOf = (name: string) => {
  const cases = operatorFixtures(name).filter(({ nan }) => nan !== true)
  return Array.from({ length: casesEach }, (_, at) => cases[Math.floor((at * cases.length) / casesEach)]).map(
    (each) => {
      if (each === undefined) throw new Error(`fixture ${name}: expected ${casesEach} cases.`)
      return each
    },
  )
}

const checks = names.flatMap((name) => casesOf(name).map((each) => [name, each.name, each] as const))

test('a hundred checks', () => {
  expect(checks.length).toBe(100)
})

test.each(checks)('%s in Chromium, %s', async (name, _, { options, tensors }) => {
  const { y, dy, ...others } = tensors as { y: FixtureTensor; dy: FixtureTensor } & Record<string, FixtureTensor>
  const inputs = Object.entries(others).filter(
    ([role]) => !role.includes('.') && role !== 'penalty' && !isGradient(role),
  )
  function isGradient(role: string): boolean {
    return role.startsWith('d') && role.slice(1) in others
  }
  const differentiable = inputs.map(([role]) => role).filter((role) => `d${role}` in others)
  const { value, gradients } = await page.evaluate(
    ([name, options, inputs, differentiable, dy]) =>
      (globalThis as unknown as { check: typeof check }).check(name, options, inputs, differentiable, dy),
    [
      name,
      options,
      Object.fromEntries(inputs.map(([role, tensor]) => [role, plain(tensor)])),
      differentiable,
      plain(dy),
    ] as const,
  )
  expect(differentiable.length).toBeGreaterThan(0)
  expectClose(value, y.data, 3e-5, 'y')
  for (const [index, role] of differentiable.entries()) {
    expectClose(itemAt(gradients, index), others[`d${role}`]?.data as ArrayLike<number>, 3e-5, `d${role}`)
  }
  expect(errors).toEqual([])
})
