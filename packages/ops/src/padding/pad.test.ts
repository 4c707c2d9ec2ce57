import { square, tensor, tidy, valueAndGrads, zeros } from '@ddnet/ops'
import { describeBackends, describeOp, expectShapeError, optionPairs } from '@ddnet/testing'
import type { Tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { type PadMode, type PadOptions, pad } from './pad.ts'

describeOp('pad', {
  inputs: ['x'],
  run: ({ x }, { paddings, ...options }) => tidy(() => pad(square(x), paddings, options)),
  differences: 'mode reflect [[0, 0], [1, 4], [1, 1], [0, 0]] of [1, 5, 3, 2]',
})

const row = (): Tensor => tensor([1, 2, 3])
const modes: readonly PadMode[] = ['constant', 'reflect', 'replicate', 'circular']

test('every legal pair of option values of pad occurs in a case', () => {
  expect(optionPairs('pad').missing).toEqual([])
})

describeBackends('pad', () => {
  test.each<[PadMode, number[]]>([
    ['constant', [0, 0, 1, 2, 3, 0]],
    ['reflect', [3, 2, 1, 2, 3, 2]],
    ['replicate', [1, 1, 1, 2, 3, 3]],
    ['circular', [2, 3, 1, 2, 3, 1]],
  ])('%s shows what its doc says', async (mode, expected) => {
    expect(Array.from(await pad(row(), [[2, 1]], { mode }).data())).toEqual(expected)
  })

  test('circular repeats what cutting has left', async () => {
    expect(Array.from(await pad(row(), [[-1, 2]], { mode: 'circular' }).data())).toEqual([2, 3, 2, 3])
  })

  test('with −∞ and integers', async () => {
    const x = tensor([1, 2], [2], 'int32')
    const y = pad(x, [[1, 0]], { value: 7 })
    expect(y.dtype).toBe('int32')
    expect(Array.from(await y.data())).toEqual([7, 1, 2])
    const low = await pad(row(), [[0, 1]], { value: Number.NEGATIVE_INFINITY }).data()
    expect(Array.from(low)).toEqual([1, 2, 3, Number.NEGATIVE_INFINITY])
  })

  test.each(modes)('%s without padding is a tensor of its own', async (mode) => {
    const x = row()
    const y = pad(x, [[0, 0]], { mode })
    expect(y).not.toBe(x)
    x.dispose()
    expect(Array.from(await y.data())).toEqual([1, 2, 3])
  })

  test.each(modes)('%s takes no images, and their gradient', (mode) => {
    const x = zeros([0, 3, 2])
    const paddings = [
      [0, 0],
      [1, 2],
      [0, -1],
    ] as const
    const { value, grads } = valueAndGrads(() => pad(x, paddings, { mode }), [x], zeros([0, 6, 1]))
    expect(value.shape).toEqual([0, 6, 1])
    expect(grads[0]?.shape).toEqual([0, 3, 2])
  })

  test('may cut everything', () => {
    expect(pad(row(), [[-2, -1]]).shape).toEqual([0])
    expect(pad(row(), [[-2, -1]], { mode: 'replicate' }).shape).toEqual([0])
  })

  test('refuses what a mode cannot fill', () => {
    const x = row()
    const refused: [[number, number][], PadOptions, RegExp][] = [
      [[[3, 0]], { mode: 'reflect' }, /'reflect' fills at most 2 elements on each side of axis 0 .* got \[3, 0\]/],
      [[[0, 4]], { mode: 'circular' }, /'circular' fills at most 3 .* or use mode 'constant'/],
      [[[-2, 2]], { mode: 'circular' }, /'circular' fills at most 1 /],
      [[[1, 1]], { mode: 'reflect', value: 0 }, /mode 'reflect' takes no value, got 0/],
      // @ts-expect-error NumPy's name of 'circular'
      [[[1, 1]], { mode: 'wrap' }, /expected a mode of constant, reflect, replicate, circular, got 'wrap'/],
      [[[-2, -2]], {}, /padding \[-2, -2\] cuts more than axis 0 has \(shape \[3\]\)/],
      [[[1, 0.5]], {}, /a pair of integers for each axis of x, shape \[3\], got \[\[1,0.5\]\]/],
      [[], {}, /a pair of integers for each axis of x, shape \[3\], got \[\]/],
    ]
    for (const [paddings, options, message] of refused) expectShapeError(() => pad(x, paddings, options), message)
    const nothing = zeros([0])
    expectShapeError(() => pad(nothing, [[1, 0]], { mode: 'replicate' }), /'replicate' fills at most 0 elements/)
    const integers = zeros([3], 'int32')
    expectShapeError(() => pad(integers, [[1, 0]], { mode: 'circular' }), /dtype float32, got int32. Cast it first/)
  })
})
