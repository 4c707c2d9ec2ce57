import { describeBackends } from '@ddnet/testing'
import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import { tensor } from '@tensorflow/tfjs-core'
import { beforeAll, expect, expectTypeOf, test } from 'vitest'
import { softmaxCrossEntropy } from '../loss/cross-entropy.ts'
import { all, any } from './any-all.ts'
import { argMax, argMin } from './arg-max.ts'
import { logSumExp } from './log-sum-exp.ts'
import { norm } from './norm.ts'
import { prod } from './prod.ts'
import { max, mean, min } from './reduce.ts'
import { sum } from './sum.ts'
import { std, variance } from './variance.ts'

// What is typed as a scalar is one; what may not be one is not assignable to a scalar. The compiler is the judge.
describeBackends('the type of a reduction', () => {
  let x: Tensor
  beforeAll(() => {
    x = tensor([
      [1, 2],
      [3, 5],
    ])
  })

  test('is a scalar over all axes', () => {
    const scalars = [
      ...[sum, mean, max, min, prod, any, all, logSumExp].flatMap((reduce) => [reduce(x), reduce(x, null, false)]),
      ...[variance, std].flatMap((reduce) => [reduce(x), reduce(x, null, { correction: 0 })]),
      ...[norm(x), norm(x, { order: 1 })],
      ...[argMax(x), argMin(x)],
    ]
    expectTypeOf(scalars).toEqualTypeOf<Scalar[]>()
    expect(scalars.map(({ shape }) => shape)).toEqual(scalars.map(() => []))
  })

  test('is a tensor over some axes, or where axes are kept', () => {
    const tensors = [
      ...[sum, mean, max, min, prod, any, all, logSumExp].flatMap((reduce) => [reduce(x, [1]), reduce(x, null, true)]),
      ...[variance, std].flatMap((reduce) => [reduce(x, 0), reduce(x, null, { keepDims: true })]),
      ...[norm(x, { axis: 0 }), norm(x, { keepDims: true })],
      ...[argMax(x, 0), argMin(x, undefined, true)],
    ]
    expectTypeOf(tensors).toEqualTypeOf<Tensor[]>()
    for (const { shape } of tensors) expect(shape.length).toBeGreaterThan(0)
  })

  test('refuses to be taken for a scalar', () => {
    const lies: Scalar[] = [
      // @ts-expect-error it has an axis left
      sum(x, [1]),
      // @ts-expect-error
      mean(x, 0),
      // @ts-expect-error
      max(x, -1),
      // @ts-expect-error
      min(x, 0, true),
      // @ts-expect-error
      prod(x, [0]),
      // @ts-expect-error
      any(x, 0),
      // @ts-expect-error
      all(x, 0),
      // @ts-expect-error
      logSumExp(x, 1),
      // @ts-expect-error
      norm(x, { axis: 1 }),
      // @ts-expect-error
      norm(x, { keepDims: true }),
      // @ts-expect-error
      variance(x, 0),
      // @ts-expect-error
      std(x, null, { keepDims: true }),
      // @ts-expect-error
      argMax(x, 1),
      // @ts-expect-error
      argMin(x, undefined, true),
      // @ts-expect-error one loss a row
      softmaxCrossEntropy(x, tensor([0, 1], [2], 'int32'), { reduction: 'none' }),
    ]
    for (const { shape } of lies) expect(shape.length).toBeGreaterThan(0)
  })
})
