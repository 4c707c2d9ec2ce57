import { describeBackends, describeOp, expectShapeError } from '@ddnet/testing'
import { type Tensor, zeros } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { square } from './arithmetic.ts'
import { concat, reshape } from './shape.ts'
import { chunk, split, unstack } from './split.ts'

const inputs = ['x']
const squared = ({ x }: Record<string, Tensor>): Tensor => square(x as Tensor)
const joined = (parts: Tensor[], only?: number): Tensor =>
  only === undefined ? concat(parts.reverse().map((part) => reshape(part, [-1]))) : (parts[only] as Tensor)

describeOp('split', { inputs, run: (given, { size, axis, only }) => joined(split(squared(given), size, axis), only) })
describeOp('chunk', {
  inputs,
  run: (given, { chunks, axis, only }) => joined(chunk(squared(given), chunks, axis), only),
})
describeOp('unstack', { inputs, run: (given, { axis, only }) => joined(unstack(squared(given), axis), only) })

describeBackends('splitting', () => {
  test('of nothing gives what it does in PyTorch', () => {
    const x = zeros([0, 3])
    expect(split(x, 2).map(({ shape }) => shape)).toEqual([[0, 3]])
    expect(chunk(x, 2).map(({ shape }) => shape)).toEqual([
      [0, 3],
      [0, 3],
    ])
    expect(unstack(x)).toEqual([])
    expect(unstack(x, 1).map(({ shape }) => shape)).toEqual([[0], [0], [0]])
  })

  test('says what does not fit', () => {
    const x = zeros([5, 2])
    expectShapeError(() => split(x, [2, 2]), /split: expected sizes that add up to 5, axis 0 of x \[5,2\], got \[2,2\]/)
    expectShapeError(() => split(x, [6, -1]), /got \[6,-1\]/)
    expectShapeError(() => split(x, 0), /split: expected a size of at least 1/)
    expectShapeError(() => split(x, 1, 2), /split: expected an axis in -2 … 1/)
    expectShapeError(() => chunk(x, 0), /chunk: expected at least 1 chunk/)
    expectShapeError(() => unstack(x, -3), /unstack: expected an axis/)
  })
})
