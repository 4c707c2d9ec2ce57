import { describeBackends, describeOp, expectShapeError, type FixtureCase, type OpChecks } from '@ddnet/testing'
import { type Tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { square } from './arithmetic.ts'
import { broadcastTo, expandDims, reverse, roll, squeeze } from './rearrange.ts'

// Moving values is linear: moving their squares has second derivatives.
const ofSquare = (run: (x: Tensor, options: FixtureCase['options']) => Tensor): OpChecks<'x'> => ({
  inputs: ['x'],
  run: ({ x }, options) => tidy(() => run(square(x), options)),
})

describeOp(
  'broadcastTo',
  ofSquare((x, { shape }) => broadcastTo(x, shape)),
)
describeOp(
  'expandDims',
  ofSquare((x, { axis }) => expandDims(x, axis)),
)
describeOp(
  'squeeze',
  ofSquare((x, { axis }) => squeeze(x, axis)),
)
describeOp(
  'reverse',
  ofSquare((x, { axis }) => reverse(x, axis)),
)
describeOp(
  'roll',
  ofSquare((x, { shifts, axes }) => roll(x, shifts, axes)),
)

describeBackends('rearranging', () => {
  test('says what does not fit', () => {
    const x = zeros([2, 3])
    expectShapeError(
      () => broadcastTo(x, [2, 4]),
      /broadcastTo: expected a shape that x \[2,3\] broadcasts to, got \[2,4\]/,
    )
    expectShapeError(() => broadcastTo(x, [3]), /got \[3\]/)
    expectShapeError(() => broadcastTo(x, [-1, 2, 3]), /got \[-1,2,3\]/)
    expectShapeError(() => expandDims(x, 3), /expandDims: expected an axis in -3 … 2/)
    expectShapeError(() => squeeze(x, 2), /squeeze: expected an axis in -2 … 1/)
    expectShapeError(() => reverse(x, [0, 0]), /reverse: expected each axis once/)
    expectShapeError(() => roll(x, [1, 2], 0), /roll: expected one integer shift for each axis/)
    expectShapeError(() => roll(x, [1, 2]), /axes left out/)
    expectShapeError(() => roll(x, 0.5, 0), /shifts \[0.5\]/)
    expectShapeError(() => roll(x, 1, 2), /roll: expected an axis/)
  })
})
