import { describeBackends, describeOp, expectShapeError, type FixtureCase, itemAt, type OpChecks } from '@ddnet/testing'
import { type Tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { square } from './arithmetic.ts'
import { concat, reshape } from './shape.ts'
import { chunk, split, unstack } from './split.ts'

// Moving values is linear: moving their squares has second derivatives.
const ofSquare = (run: (x: Tensor, options: FixtureCase['options']) => Tensor[]): OpChecks<'x'> => ({
  inputs: ['x'],
  run: ({ x }, options) => tidy(() => joined(run(square(x), options), options.only)),
})
const joined = (parts: Tensor[], only?: number): Tensor =>
  only === undefined ? concat(parts.reverse().map((part) => reshape(part, [-1]))) : itemAt(parts, only)

describeOp(
  'split',
  ofSquare((x, { size, axis }) => split(x, size, axis)),
)
describeOp(
  'chunk',
  ofSquare((x, { chunks, axis }) => chunk(x, chunks, axis)),
)
describeOp(
  'unstack',
  ofSquare((x, { axis }) => unstack(x, axis)),
)

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
