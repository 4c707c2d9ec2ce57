import { defined, describeBackends, describeOp, expectShapeError } from '@ddnet/testing'
import { tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { scatter, scatterAdd, takeAlongAxis } from './along-axis.ts'
import { square } from './arithmetic.ts'

const constants = ['indices']

describeOp('takeAlongAxis', {
  inputs: ['x'],
  constants,
  run: ({ x, indices }, { axis }) => tidy(() => takeAlongAxis(square(defined(x)), defined(indices), axis)),
})
describeOp('scatterAdd', {
  inputs: ['x', 'source'],
  constants,
  run: ({ x, indices, source }, { axis }) =>
    tidy(() => scatterAdd(square(defined(x)), defined(indices), square(defined(source)), axis)),
})
describeOp('scatter', {
  inputs: ['x', 'source?'],
  constants,
  run: ({ x, indices, source }, { axis, value }) =>
    tidy(() => scatter(square(defined(x)), defined(indices), source === undefined ? value : square(source), axis)),
})

describeBackends('positions along an axis', (backend) => {
  test('may repeat where one number is written', async () => {
    const positions = tensor([1, 1, 2], [3], 'int32')
    expect([...(await scatter(zeros([4]), positions, 5, 0).data())]).toEqual([0, 5, 5, 0])
  })

  // Reading positions back would wait for the device.
  if (backend === 'cpu' || backend === 'wasm') {
    test('lie inside it', () => {
      const [x, outside] = [tensor([1, 2, 3, 4], [2, 2]), tensor([0, 2], [2, 1], 'int32')]
      const message = /expected positions in 0 … 1, axis 1 of x, got 2/
      expect(() => takeAlongAxis(x, outside, 1)).toThrow(message)
      expect(() => scatterAdd(x, outside, zeros([2, 1]), 1)).toThrow(message)
      expect(() => scatter(x, outside, 0, 1)).toThrow(message)
      expect(() => takeAlongAxis(x, tensor([0, -1], [2, 1], 'int32'), 1)).toThrow(/got -1/)
    })
  }

  test('say what does not fit', () => {
    const ints2x1 = zeros([2, 1], 'int32')
    const ints2 = zeros([2], 'int32')
    const zeros2x1 = zeros([2, 1])
    const ints3x1 = zeros([3, 1], 'int32')
    const zeros2x2 = zeros([2, 2])
    const zeros3x1 = zeros([3, 1])
    const ints2x3 = zeros([2, 3], 'int32')
    const x = zeros([2, 3])
    const at = zeros([2, 1], 'int32')
    expectShapeError(() => takeAlongAxis(x, ints2, 1), /takeAlongAxis: expected indices of the rank of x/)
    expectShapeError(() => takeAlongAxis(x, zeros2x1, 1), /takeAlongAxis: expected int32 indices/)
    expectShapeError(() => takeAlongAxis(x, ints3x1, 1), /takeAlongAxis: expected shapes that broadcast/)
    expectShapeError(() => takeAlongAxis(x, at, 2), /takeAlongAxis: expected an axis/)
    expectShapeError(() => scatterAdd(x, at, zeros2x2, 1), /scatterAdd: expected a source of the shape of indices/)
    expectShapeError(() => scatterAdd(x, ints3x1, zeros3x1, 1), /indices that are not larger than x/)
    expectShapeError(() => scatterAdd(x, at, ints2x1, 1), /expected float32 x and source, got int32/)
    expectShapeError(() => scatter(ints2x3, at, 1, 1), /scatter: expected float32 x/)
    expectShapeError(() => scatter(x, zeros2x1, 1, 1), /scatter: expected int32 indices/)
  })
})
