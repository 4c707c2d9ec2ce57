import { describeBackends, describeOp, expectShapeError } from '@ddnet/testing'
import { type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { grad } from '../autodiff/differentiate.ts'
import { div, mul, square } from './arithmetic.ts'
import { cast } from './cast.ts'
import { greater } from './compare.ts'
import { gather } from './select.ts'
import { sum } from './sum.ts'

import { where } from './where.ts'

describeOp('gather', {
  inputs: ['x'],
  constants: ['indices'],
  run: ({ x, indices }, { axis }) => tidy(() => gather(square(x), indices, axis)),
})
describeOp('where', {
  inputs: ['a', 'b'],
  constants: ['condition'],
  run: ({ condition, a, b }) => tidy(() => where(cast(condition, 'bool'), square(a), mul(b, square(b)))),
})

describeBackends('where', () => {
  test('has a condition that depends on x, as a constant', async () => {
    const x = tensor([-2, 3])
    expect([...(await grad((v) => sum(where(greater(v, 0), square(v), mul(v, -5))))(x).data())]).toEqual([-5, 6])
  })

  test('keeps out what it does not choose, from values and gradients', async () => {
    const x = tensor([0, 4])
    const f = (v: Tensor): Tensor => where(greater(v, 0), div(8, v), 1) // 8 / 0 is infinite
    expect([...(await f(x).data())]).toEqual([1, 2])
    expect([...(await grad((v) => sum(where(greater(v, 0), mul(v, 2), 7)))(x).data())]).toEqual([0, 2])
  })

  test('takes numbers and casts mixed dtypes to float32', async () => {
    const condition = tensor([1, 0], [2], 'bool')
    const integers = tensor([3, 4], [2], 'int32')
    expect(where(condition, integers, 0).dtype).toBe('int32')
    const mixed = where(condition, integers, tensor([0.5, 1.5]))
    expect([mixed.dtype, ...(await mixed.data())]).toEqual(['float32', 3, 1.5])
    expect([...(await where(condition, 1, -1).data())]).toEqual([1, -1])
  })

  test('chooses booleans, whose bytes are none of integers', async () => {
    const bits = Array.from({ length: 21 }, (_, index) => index % 3 === 0)
    const condition = tensor(bits, [3, 7], 'bool')
    for (let time = 0; time < 100; time++) {
      const chosen = where(
        condition,
        tensor(
          bits.map((bit) => !bit),
          [3, 7],
          'bool',
        ),
        condition,
      )
      expect([chosen.dtype, ...(await chosen.data())]).toEqual(['bool', ...bits.map(() => 0)])
    }
  })

  test('says what does not fit', () => {
    const zeros2 = zeros([2])
    const bools2 = zeros([2], 'bool')
    const zeros3 = zeros([3])
    expectShapeError(() => where(zeros2, zeros2, 0), /where: expected a bool condition, got float32/)
    expectShapeError(() => where(bools2, zeros3, 0), /where: expected shapes that broadcast, got \[2\] and \[3\]/)
  })
})

describeBackends('gather', (backend) => {
  test('refuses positions outside of the axis', async () => {
    const outside = tensor([1, 3], [2], 'int32')
    // A shader cannot throw: it gives 0.
    if (backend === 'webgpu') expect([...(await gather(tensor([1, 2, 3]), outside).data())]).toEqual([2, 0])
    else expect(() => gather(tensor([1, 2, 3]), outside).dataSync()).toThrow(/3/)
  })

  test('says what does not fit', () => {
    const zeros2 = zeros([2])
    const ints2 = zeros([2], 'int32')
    expectShapeError(() => gather(zeros2, zeros2), /gather: expected int32 indices, got float32/)
    expectShapeError(() => gather(zeros2, ints2, 1), /gather: expected an axis in -1 … 0/)
  })
})
