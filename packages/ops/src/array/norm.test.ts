import { describeBackends, describeOp, expectClose, expectShapeError } from '@ddnet/testing'
import { tensor, zeros } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { grad } from '../autodiff/differentiate.ts'
import { square } from './arithmetic.ts'
import { norm } from './norm.ts'
import { sum } from './sum.ts'

describeOp('norm', {
  inputs: ['x'],
  run: ({ x }, { order, ...options }) => norm(x, { ...options, ...(order !== undefined && { order: Number(order) }) }),
})

describeBackends('norm', (backend) => {
  test('is flat at zero, at both orders', async () => {
    for (const order of [1, 2, 3, 1.5]) {
      const first = grad((x) => norm(x, { order }))
      expectClose(await first(zeros([3])).data(), [0, 0, 0])
      expectClose(await grad((x) => sum(first(x)))(zeros([3])).data(), [0, 0, 0])
    }
  })

  test('of order ½ has second derivatives beside a zero', async () => {
    // y = S² with S = Σ √xᵢ, dyᵢ = S / √xᵢ, and Σ dyᵢ² = S² Σ 1 / xᵢ over what is not 0.
    const penalty = grad((x) => sum(square(grad((each) => norm(each, { order: 0.5 }))(x))))
    const [s, inverses] = [2 + 3, 1 / 4 + 1 / 9]
    const at = (x: number): number => (s / Math.sqrt(x)) * inverses - (s / x) ** 2
    expectClose(await penalty(tensor([4, 0, 9])).data(), [at(4), 0, at(9)], 1e-5)
  })

  test('of infinities and of no values is PyTorch’s', async () => {
    const x = tensor([Number.NEGATIVE_INFINITY, 3])
    for (const order of [1, 2, Number.POSITIVE_INFINITY]) {
      expect([...(await norm(x, { order }).data())]).toEqual([Number.POSITIVE_INFINITY])
    }
    expect([...(await norm(zeros([2, 0]), { axis: 1 }).data())]).toEqual([0, 0])
    if (backend !== 'webgpu') expect([...(await norm(tensor([Number.NaN, 0]), { order: 0 }).data())]).toEqual([1])
  })

  test('says what does not fit', () => {
    const zeros2 = zeros([2])
    const zeros0 = zeros([0])
    expectShapeError(() => norm(zeros2, { axis: 1 }), /norm: expected an axis/)
    expectShapeError(() => norm(zeros2, { order: Number.NaN }), /norm: expected a number or ±Infinity as order/)
    const order = Number.POSITIVE_INFINITY
    expectShapeError(() => norm(zeros0, { order }), /norm: expected at least one value/)
  })
})
