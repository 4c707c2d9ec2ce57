import { describeBackends, entryOf, expectShapeError, operatorFixtures, upload } from '@ddnet/testing'
import { type Tensor, tensor, zeros } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { grad } from '../autodiff/differentiate.ts'
import { takeAlongAxis } from './along-axis.ts'
import { all, any } from './any-all.ts'
import { argMax, argMin } from './arg-max.ts'
import { mul } from './arithmetic.ts'
import { expandDims } from './rearrange.ts'
import { gather, oneHot } from './select.ts'
import { sum } from './sum.ts'
import { argSort } from './top-k.ts'

/** Operators whose results have no derivative, on the inputs and options of their fixtures. */
// biome-ignore lint/suspicious/noExplicitAny: each operator's own options
const operators: Record<string, (x: Tensor, options: any) => Tensor> = {
  argMax: (x, { axis, keepDims }) => argMax(x, axis, keepDims),
  argMin: (x, { axis, keepDims }) => argMin(x, axis, keepDims),
  argSort: (x, options) => argSort(x, options),
  any: (x, { axis, keepDims }) => any(x, axis, keepDims),
  all: (x, { axis, keepDims }) => all(x, axis, keepDims),
  oneHot: (x, { depth }) => oneHot(x, depth),
}
const dtypes: Record<string, string> = { any: 'bool', all: 'bool', oneHot: 'float32' }

for (const [name, run] of Object.entries(operators)) {
  describeBackends(name, (backend) => {
    // WGSL lets an implementation assume that there are no NaNs.
    const cases = operatorFixtures(name).filter(({ nan }) => backend !== 'webgpu' || nan !== true)
    test.each(cases)('$name', async ({ options, tensors }) => {
      const expected = entryOf(tensors, 'y')
      const y = run(upload(entryOf(tensors, 'x')), options)
      expect([y.dtype, y.shape]).toEqual([dtypes[name] ?? 'int32', expected.shape])
      expect([...(await y.data())]).toEqual([...expected.data])
    })
  })
}

describeBackends('positions', (backend) => {
  test('of equal values is the first one', async () => {
    const x = tensor([2, 7, 7, -3, 0, -3], [2, 3])
    expect([...(await argMax(x, 1).data())]).toEqual([1, 1])
    expect([...(await argMin(x, 1).data())]).toEqual([0, 0])
    expect([...(await argMax(tensor([-5, -3, -4], [3], 'int32')).data())]).toEqual([1])
    const infinite = new Array<number>(3).fill(Number.NEGATIVE_INFINITY)
    expect([...(await argMax(tensor(infinite)).data())]).toEqual([0])
  })

  test('are constants to what they choose from', async () => {
    const x = tensor([1, 5, 3, 4, 2, 0], [2, 3])
    const first = grad((v) => sum(gather(v, argMax(sum(v, 1)))))
    expect([...(await first(x).data())]).toEqual([1, 1, 1, 0, 0, 0])
    const largest = grad((v) => sum(takeAlongAxis(mul(v, v), expandDims(argMax(v, 1), 1), 1)))
    expect([...(await largest(x).data())]).toEqual([0, 10, 0, 8, 0, 0])
  })

  test('outside of the classes give rows of zeros', async () => {
    expect([...(await oneHot(tensor([3, -1, 1], [3], 'int32'), 2).data())]).toEqual([0, 0, 0, 0, 0, 1])
  })

  test('any and all take bools, and NaN as not 0', async () => {
    expect([...(await any(tensor([0, 1, 0, 0], [2, 2], 'bool'), 1).data())]).toEqual([1, 0])
    expect([...(await all(tensor([3, 1, 2, 0], [2, 2], 'int32'), 1).data())]).toEqual([1, 0])
    if (backend !== 'webgpu') expect([...(await any(tensor([0, Number.NaN])).data())]).toEqual([1])
  })

  test('say what does not fit', () => {
    const zeros2x0 = zeros([2, 0])
    const zeros2x3 = zeros([2, 3])
    const zeros2 = zeros([2])
    const ints2 = zeros([2], 'int32')
    const zerosScalar = zeros([])
    expectShapeError(() => argMax(zeros2x0, 1), /argMax: expected at least one value/)
    expectShapeError(() => argMin(zeros2x0), /argMin: expected at least one value/)
    expectShapeError(() => argMax(zeros2x3, 2), /argMax: expected an axis in -2 … 1/)
    expectShapeError(() => any(zeros2, 1), /any: expected an axis/)
    expectShapeError(() => all(zeros2, [0, 0]), /all: expected each axis once/)
    expectShapeError(() => oneHot(zeros2, 2), /oneHot: expected int32 indices, got float32.*cast/)
    expectShapeError(() => oneHot(ints2, 0), /depth of at least 1, got 0/)
    expectShapeError(() => argSort(zerosScalar), /argSort: expected an axis/)
  })
})
