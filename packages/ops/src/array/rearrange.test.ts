import { describeBackends, describeOp, expectShapeError } from '@ddnet/testing'
import { type Tensor, zeros } from '@tensorflow/tfjs-core'
import { test } from 'vitest'
import { square } from './arithmetic.ts'
import { broadcastTo, expandDims, reverse, roll, squeeze } from './rearrange.ts'

const inputs = ['x']
const squared = ({ x }: Record<string, Tensor>): Tensor => square(x as Tensor)

describeOp('broadcastTo', { inputs, run: (given, { shape }) => broadcastTo(squared(given), shape) })
describeOp('expandDims', { inputs, run: (given, { axis }) => expandDims(squared(given), axis) })
describeOp('squeeze', { inputs, run: (given, { axis }) => squeeze(squared(given), axis) })
describeOp('reverse', { inputs, run: (given, { axis }) => reverse(squared(given), axis) })
describeOp('roll', { inputs, run: (given, { shifts, axes }) => roll(squared(given), shifts, axes) })

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
