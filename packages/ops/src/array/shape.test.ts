import { describeBackends, describeOp, expectShapeError, type FixtureCase, type OpChecks } from '@ddnet/testing'
import { type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { mul, square } from './arithmetic.ts'
import { cast, clone } from './cast.ts'
import { concat, padConstant, reshape, slice, stack, transpose } from './shape.ts'
import { tile } from './sum.ts'

type Options = FixtureCase['options']

// Moving values is linear: moving their squares has second derivatives.
const ofSquare = (run: (x: Tensor, options: Options) => Tensor): OpChecks<'x'> => ({
  inputs: ['x'],
  run: ({ x }, options) => tidy(() => run(square(x), options)),
})
const ofSquares = (run: (parts: Tensor[], options: Options) => Tensor): OpChecks<'a' | 'b?' | 'c?'> => ({
  inputs: ['a', 'b?', 'c?'],
  run: ({ a, b, c }, options) => tidy(() => run([a, b, c].filter((x) => x !== undefined).map(square), options)),
})

describeOp(
  'reshape',
  ofSquare((x, { shape }) => reshape(x, shape)),
)
describeOp(
  'transpose',
  ofSquare((x, { permutation }) => transpose(x, permutation)),
)
describeOp(
  'slice',
  ofSquare((x, { begin, size }) => slice(x, begin, size)),
)
describeOp('padConstant', {
  ...ofSquare((x, { paddings, value }) => padConstant(x, paddings, value)),
  differences: 'padConstant paddings [[1, 2]] x [4]',
})
describeOp(
  'tile',
  ofSquare((x, { reps }) => tile(x, reps)),
)
describeOp(
  'concat',
  ofSquares((parts, { axis }) => concat(parts, axis)),
)
describeOp(
  'stack',
  ofSquares((parts, { axis }) => stack(parts, axis)),
)
describeOp('cast', {
  inputs: ['x'],
  run: ({ x }, { dtype }) => tidy(() => mul(x, cast(cast(x, dtype), 'float32'))),
})
describeOp('clone', { inputs: ['x'], run: ({ x }) => tidy(() => mul(x, clone(x))) })

describeBackends('shapes', () => {
  test('cast to bool is whether a value is not 0, to int32 its integer part', async () => {
    const x = tensor([0, 0.5, -0.25, 2.75, -1.5])
    expect([...(await cast(x, 'bool').data())]).toEqual([0, 1, 1, 1, 1])
    expect([...(await cast(x, 'int32').data())]).toEqual([0, 0, 0, 2, -1])
    expect([...(await cast(tensor([0, 3], [2], 'int32'), 'bool').data())]).toEqual([0, 1])
  })

  test('integers and bools keep their dtype', async () => {
    const x = tensor([1, 2, 3, 4], [2, 2], 'int32')
    for (const y of [
      transpose(x),
      slice(x, 0, 1),
      padConstant(x, [
        [0, 1],
        [0, 0],
      ]),
      tile(x, [2]),
      concat([x, x]),
    ]) {
      expect(y.dtype).toBe('int32')
    }
    const mask = tensor([1, 0], [1, 2], 'bool')
    expect([...(await tile(mask, [2, 1]).data())]).toEqual([1, 0, 1, 0])
    expect([...(await concat([mask, mask], 1).data())]).toEqual([1, 0, 1, 0])
  })

  test('say what does not fit', () => {
    const zeros0x3 = zeros([0, 3])
    const zeros2x4 = zeros([2, 4])
    const zeros2 = zeros([2])
    const ints2x3 = zeros([2, 3], 'int32')
    const zeros3x2 = zeros([3, 2])
    const x = zeros([2, 3])
    expectShapeError(() => reshape(x, [4, 2]), /reshape: expected a shape of 6 values.*got \[4,2\] for x \[2,3\]/)
    expectShapeError(() => reshape(x, [-1, -1]), /at most one -1/)
    expectShapeError(() => reshape(x, [-1, 4]), /got \[-1,4\]/)
    expectShapeError(() => reshape(zeros0x3, [-1, 0]), /got \[-1,0\]/)
    expectShapeError(() => transpose(x, [0, 0]), /transpose: expected each of 2 axes once, got \[0,0\]/)
    expectShapeError(() => transpose(x, [0]), /expected each of 2 axes once/)
    expectShapeError(() => transpose(x, [0, 2]), /transpose: expected an axis in -2 … 1/)
    expectShapeError(
      () => slice(x, [1, 1], [2, 1]),
      /slice: expected a part of x \[2,3\], got begin \[1,1\] and size \[2,1\]/,
    )
    expectShapeError(() => slice(x, -1), /begin \[-1\]/)
    expectShapeError(() => slice(x, [0, 0, 0]), /begin \[0,0,0\]/)
    expectShapeError(() => slice(x, 0.5), /begin \[0.5\]/)
    expectShapeError(() => padConstant(x, [[0, 1]]), /padConstant: expected \[before, after\].*for each axis/)
    expectShapeError(
      () =>
        padConstant(x, [
          [0, 1],
          [-1, 0],
        ]),
      /both at least 0/,
    )
    expectShapeError(() => tile(x, [1, -1]), /tile: expected integer repetitions of at least 0/)
    expectShapeError(() => concat([]), /concat: expected at least one tensor/)
    expectShapeError(() => concat([x, zeros2x4]), /concat: expected shapes that are equal but for axis 0/)
    expectShapeError(() => concat([x, zeros2]), /concat: expected shapes/)
    expectShapeError(() => concat([x, x], 2), /concat: expected an axis in -2 … 1/)
    expectShapeError(() => concat([x, ints2x3]), /concat: expected one dtype, got float32, int32/)
    expectShapeError(() => stack([x, zeros3x2]), /stack: expected equal shapes/)
    expectShapeError(() => stack([x], 3), /stack: expected an axis in -3 … 2/)
  })
})
