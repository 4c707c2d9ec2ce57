import * as ops from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'

/** Functions that are no operators, and those whose inputs another one checks. */
const others = new Set(
  'BackendUnavailable NoPathError ShapeError adamUpdate softmaxCrossEntropyMean defineOp dispose engine fromHost getBackend grad grads keep keepAll memory onShapes permuteHost placeholder ready tidy toHost valueAndGrads valueAndSomeGrads'.split(
    ' ',
  ),
)
const operators = Object.entries(ops).filter(([name, each]) => typeof each === 'function' && !others.has(name)) as [
  string,
  (...parameters: unknown[]) => unknown,
][]

const filled = (shape: number[], dtype: 'float32' | 'int32' | 'bool' = 'float32') =>
  ops.tensor(new Array(shape.reduce((product, size) => product * size, 1)).fill(1), shape, dtype)

/** What is right for some operator and wrong for most. */
const given = (): Record<string, unknown> => ({
  vector: filled([3]),
  matrix: filled([4, 5]),
  image: filled([1, 4, 4, 3]),
  deep: filled([1, 2, 1, 2, 1]),
  scalar: filled([]),
  empty: filled([0, 3]),
  whole: filled([3], 'int32'),
  truth: filled([3], 'bool'),
  null: null,
  undefined: undefined,
  NaN: Number.NaN,
  '-1': -1,
  1.5: 1.5,
  text: 'x',
  list: [1, 2],
  ragged: [[1, 2], [3]],
  tensors: [filled([2]), filled([3])],
  options: {
    kernelSize: Number.NaN,
    stride: 0,
    padding: -1,
    size: [0, Number.NaN],
    axis: 9,
    groups: 2,
    rate: 2,
    key: 3,
  },
})

describe('wrong inputs', () => {
  beforeAll(() => useBackend('wasm'))

  test.each(operators)('of %s are told by it', (name, operator) => {
    const values = given()
    const names = Object.keys(values)
    const calls = names.flatMap((a) => [
      [a],
      ...names.flatMap((b) => [
        [a, b],
        ...(['vector', 'image', 'matrix', 'truth'].includes(a) ? names.map((c) => [a, b, c]) : []),
      ]),
    ])
    const raw = calls.flatMap((call) => {
      try {
        ops.tidy(() => operator(...call.map((each) => values[each])) as ops.Tensor)
        return []
      } catch (error) {
        const { name: kind, message } = error as Error
        if ((kind === 'ShapeError' || kind === 'RangeError') && message.startsWith(`${name}: `)) return []
        return [`${name}(${call}): ${kind}: ${message}`]
      }
    })
    expect(raw.slice(0, 3)).toEqual([])
    ops.dispose(
      Object.values(values)
        .flat()
        .filter((each) => typeof each === 'object' && each !== null && 'dataId' in each) as ops.Tensor[],
    )
  })
})

describe('what an error says', () => {
  beforeAll(() => useBackend('wasm'))
  const [a, b] = [() => filled([2, 3]), () => filled([4, 5])]

  test.each<[() => unknown, string]>([
    [() => ops.add(a(), b()), 'add: expected shapes that broadcast, got [2,3] and [4,5]. Sizes must be equal or 1.'],
    [() => ops.squaredDifference(a(), b()), 'squaredDifference: expected shapes that broadcast, got [2,3] and [4,5]'],
    [() => ops.greater(a(), b()), 'greater: expected shapes that broadcast, got [2,3] and [4,5]'],
    // @ts-expect-error null is no tensor
    [() => ops.add(a(), null), 'add: expected b to be a tensor, a number or lists of numbers, got null.'],
    [() => ops.add(filled([1], 'bool'), filled([1], 'bool')), 'add: expected numbers, got two bool tensors'],
    [
      // @ts-expect-error undefined is no tensor
      () => ops.relu(undefined),
      'relu: expected x to be a tensor, a number or lists of numbers, got undefined.',
    ],
    // @ts-expect-error a number has no axes
    [() => ops.conv2d(3, filled([1, 1, 1, 1])), 'conv2d: expected x to be a tensor, got 3.'],
    [
      () => ops.matMul(filled([2], 'int32'), a()),
      'matMul: expected a to be float32, got int32 of shape [2]. Cast it first.',
    ],
    [() => ops.tensor([1, 2], [3]), 'tensor: expected a shape of 2 values, got [3] for values [2].'],
    [() => ops.tensor([[1, 2], [3]]), 'tensor: expected lists of equal lengths in values, got [[1,2],[3]].'],
    // @ts-expect-error there are three dtypes
    [() => ops.tensor([1], [1], 'float16'), "tensor: expected dtype float32, int32 or bool, got 'float16'."],
    [() => ops.zeros([2, -1]), 'zeros: expected a shape of integers of at least 0, as in [2, 3], got [2,-1].'],
    [
      () => ops.zeros([1e5, 1e5]),
      'zeros: expected at most 2³¹ − 1 values, got 10000000000 in shape [100000,100000], 40 GB.',
    ],
    [() => ops.random.normal(ops.random.key(1), [1e5, 1e5]), 'random.normal: expected at most 2³¹ − 1 values'],
    [() => ops.std(a(), 2), 'std: expected an axis in -2 … 1 for x [2,3], got 2.'],
    [() => ops.gather(a(), filled([1], 'int32'), 5), 'gather: expected an axis in -2 … 1'],
    [() => ops.gather(a(), ops.tensor([2], [1], 'int32')), 'gather: expected indices in 0 … 1, got 2 at position 0'],
    // @ts-expect-error there are three dtypes
    [() => ops.cast(a(), 'float64'), "cast: expected dtype float32, int32 or bool, got 'float64'."],
    [
      // @ts-expect-error a kernel has a size
      () => ops.maxPool2d(filled([1, 4, 4, 1]), undefined),
      'maxPool2d: expected options, as in { kernelSize: 2 }, got undefined.',
    ],
  ])('%s', (call, message) => {
    expect(() => ops.tidy(call as () => ops.Tensor)).toThrow(message)
  })
})
