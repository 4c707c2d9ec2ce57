import { defined, type FixtureCase, operatorFixtures } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { averageGeometry } from './avg-pool2d.ts'
import { poolGeometry } from './geometry.ts'

type Options = Record<string, unknown>

const kernels = [1, 2, 3, 4, [3, 2], [1, 3]]
const strides = [undefined, 1, 2, 3, [2, 1]]
const paddings = [0, 1, 2, [1, 0], [0, 1]]
const dilations = [1, 2, [2, 1], [1, 3]]
const sizes: [number, number][] = [
  [5, 7],
  [6, 4],
  [3, 8],
  [1, 6],
  [5, 1],
  [2, 3],
]
const booleans = [false, true]

const maxChoices = { kernelSize: kernels, stride: strides, padding: paddings, dilation: dilations, ceilMode: booleans }
const avgChoices = {
  kernelSize: kernels,
  stride: strides,
  padding: paddings,
  ceilMode: booleans,
  countIncludePad: booleans,
  divisorOverride: [undefined, 1, 7, -2],
}
const adaptiveChoices = { outputSize: [1, 2, 3, 5, 7, [2, 3], [9, 8], [null, 2], [4, null]] }

const combinations = (choices: Record<string, readonly unknown[]>): Options[] =>
  Object.entries(choices).reduce<Options[]>(
    (found, [name, values]) => found.flatMap((each) => values.map((value) => ({ ...each, [name]: value }))),
    [{}],
  )

function pairsOf(options: Options): string[] {
  const texts = Object.entries(options).map(([name, value]) => `${name} ${JSON.stringify(value)}`)
  return texts.flatMap((a, index) => texts.slice(index + 1).map((b) => `${a}, ${b}`))
}

const fits = (check: () => unknown): boolean => {
  try {
    check()
    return true
  } catch {
    return false
  }
}

/** The pairs of options and sizes that the operator itself accepts and no case has. */
function missingPairs(
  choices: Record<string, readonly unknown[]>,
  isLegal: (options: never) => boolean,
  cases: Options[],
): string[] {
  const legal = combinations(choices).filter((options) => isLegal(options as never))
  const wanted = new Set(legal.flatMap(pairsOf))
  for (const each of cases) {
    const ordered = Object.fromEntries(Object.keys(choices).map((name) => [name, each[name]]))
    for (const pair of pairsOf(ordered)) wanted.delete(pair)
  }
  return [...wanted]
}

const casesOf = (name: string): (FixtureCase & { pooling?: Options })[] =>
  operatorFixtures(name).filter(({ nan }) => nan !== true)

/** The options of each case, with its input's size. */
const withSizes = (name: string): Options[] =>
  casesOf(name).map(({ options, tensors }) => ({ ...options, size: tensors['x']?.shape.slice(1, 3) }))

test.each(['maxPool2d', 'maxUnpool2d', 'avgPool2d', 'adaptiveAvgPool2d'])('%s has at least 120 cases', (name) => {
  expect(casesOf(name).length).toBeGreaterThanOrEqual(120)
})

test('every legal pair of options occurs in the cases of maxPool2d', () => {
  const isLegal = ({ size, ...options }: { size: [number, number]; kernelSize: number }) =>
    fits(() => poolGeometry('maxPool2d', size, options))
  expect(missingPairs({ ...maxChoices, size: sizes }, isLegal, withSizes('maxPool2d'))).toEqual([])
})

test('every legal pair of options of the pooling occurs in the cases of maxUnpool2d', () => {
  const isLegal = (options: { kernelSize: number }) => sizes.some((size) => fits(() => poolGeometry('', size, options)))
  const cases = casesOf('maxUnpool2d').map(({ pooling }) =>
    Object.fromEntries(Object.entries(defined(pooling)).map(([name, value]) => [name, value ?? undefined])),
  )
  expect(missingPairs(maxChoices, isLegal, cases)).toEqual([])
})

test('every legal pair of options occurs in the cases of avgPool2d', () => {
  const isLegal = ({ size, ...options }: { size: [number, number]; kernelSize: number }) =>
    fits(() => averageGeometry('avgPool2d', size, options))
  expect(missingPairs({ ...avgChoices, size: sizes }, isLegal, withSizes('avgPool2d'))).toEqual([])
})

test('every pair of sizes occurs in the cases of adaptiveAvgPool2d and adaptiveMaxPool2d', () => {
  const all = [...sizes, [8, 9], [7, 7], [11, 5]]
  for (const name of ['adaptiveAvgPool2d', 'adaptiveMaxPool2d']) {
    expect(missingPairs({ ...adaptiveChoices, size: all }, () => true, withSizes(name))).toEqual([])
  }
})
