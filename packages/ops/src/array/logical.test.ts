import { add, cast, greater, less, mul, sum, toHost, valueAndGrads } from '@ddnet/ops'
import { describeBackends, expectShapeError, itemAt } from '@ddnet/testing'
import { type Tensor, tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { isFinite as isFiniteNumber, isNaN as isNotNumber, logicalAnd, logicalNot, logicalOr } from './logical.ts'

const bool = (values: number[], shape = [values.length]): Tensor => tensor(values, shape, 'bool')
const valuesOf = async (x: Tensor): Promise<number[]> => {
  expect(x.dtype).toBe('bool')
  return Array.from((await toHost(x)).data as Uint8Array)
}

describeBackends('truth values', (backend) => {
  // The truth tables, with every way to broadcast.
  const broadcasts: [number[], number[], number[]][] = [
    [[4], [4], [4]],
    [
      [2, 1],
      [1, 2],
      [2, 2],
    ],
    [[2, 1], [2], [2, 2]],
    [[2], [2, 1], [2, 2]],
    [[], [2], [2]],
    [[2], [], [2]],
    [[], [], []],
    [[0, 2], [2], [0, 2]],
    [[2], [3, 1, 2], [3, 1, 2]],
    [
      [2, 2],
      [2, 1, 1],
      [2, 2, 2],
    ],
  ]
  test.each(broadcasts)('and, or: %j with %j', async (a, b, shape) => {
    const sizeOf = (sizes: number[]): number => sizes.reduce((product, size) => product * size, 1)
    const as = Array.from({ length: sizeOf(a) }, (_, index) => (index >> 1) & 1)
    const bs = Array.from({ length: sizeOf(b) }, (_, index) => index & 1)
    // The element of a broadcast operand at a position of the result.
    const at = (values: number[], sizes: number[], index: number): number => {
      let [place, stride, rest] = [0, 1, index]
      for (let axis = 1; axis <= shape.length; axis++) {
        const size = itemAt(shape, shape.length - axis)
        const own = sizes.at(-axis) ?? 1
        if (own !== 1) place += (rest % size) * stride
        stride *= own
        rest = Math.floor(rest / size)
      }
      return itemAt(values, place)
    }
    const expected = (combine: (a: number, b: number) => number): number[] =>
      Array.from({ length: sizeOf(shape) }, (_, index) => combine(at(as, a, index), at(bs, b, index)))
    const [both, either] = [logicalAnd(bool(as, a), bool(bs, b)), logicalOr(bool(as, a), bool(bs, b))]
    expect(both.shape).toEqual(shape)
    expect(await valuesOf(both)).toEqual(expected((x, y) => x & y))
    expect(await valuesOf(either)).toEqual(expected((x, y) => x | y))
  })

  test('not', async () => {
    expect(await valuesOf(logicalNot(bool([1, 0, 0, 1, 1])))).toEqual([0, 1, 1, 0, 0])
    expect(await valuesOf(logicalNot(bool([], [0])))).toEqual([])
  })

  test('are constants to differentiation', async () => {
    const x = tensor([-1, 0.5, 2])
    const inside = (): Tensor =>
      cast(logicalAnd(greater(x, 0), logicalNot(logicalOr(greater(x, 1), less(x, 0)))), 'float32')
    const { value, grads } = valueAndGrads(() => sum(mul(add(x, inside()), inside())), [x])
    expect((await toHost(value)).data[0]).toBeCloseTo(1.5, 6)
    expect([...(await toHost(grads[0])).data]).toEqual([0, 1, 0])
  })

  test('numbers are refused', () => {
    const [numbers, truths] = [tensor([1, 0]), bool([1, 0])]
    expectShapeError(() => logicalAnd(numbers, truths), /logicalAnd: expected a to be bool, got float32/)
    expectShapeError(() => logicalOr(truths, numbers), /logicalOr: expected b to be bool, got float32/)
    expectShapeError(() => logicalNot(numbers), /logicalNot: expected x to be bool, got float32/)
  })

  test('integers are finite, and never NaN', async () => {
    const x = tensor([-7, 0, 2 ** 30], [3], 'int32')
    expect(await valuesOf(isNotNumber(x))).toEqual([0, 0, 0])
    expect(await valuesOf(isFiniteNumber(x))).toEqual([1, 1, 1])
  })

  // WGSL lets an implementation assume that there are neither.
  if (backend !== 'webgpu') {
    test('isNaN, isFinite', async () => {
      const x = tensor([0, Number.NaN, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3e38])
      expect(await valuesOf(isNotNumber(x))).toEqual([0, 1, 0, 0, 0, 0])
      expect(await valuesOf(isFiniteNumber(x))).toEqual([1, 0, 1, 0, 0, 1])
    })
  }
})
