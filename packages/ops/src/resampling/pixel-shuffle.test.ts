import { square, tensor, tidy, zeros } from '@ddnet/ops'
import { describeBackends, describeOp, expectShapeError, expectTensorClose } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { pixelShuffle, pixelUnshuffle } from './pixel-shuffle.ts'

describeOp('pixelShuffle', {
  inputs: ['x'],
  run: ({ x }, { factor }) => tidy(() => pixelShuffle(square(x), factor)),
  differences: 'factor 2 of [2, 1, 3, 8]',
})

describeOp('pixelUnshuffle', {
  inputs: ['x'],
  run: ({ x }, { factor }) => tidy(() => pixelUnshuffle(square(x), factor)),
  differences: 'factor 2 of [2, 2, 6, 2]',
})

describeBackends('pixelShuffle', () => {
  test('spreads many channels as its formula says, and back', async () => {
    const at = Array.from({ length: 2 * 36 }, (_, index) => index)
    const x = tensor(at, [1, 1, 2, 36])
    const y = pixelShuffle(x, 2) // [1, 2, 4, 9]
    // y[2h + i, 2w + j, c] = x[h, w, 4c + 2i + j]
    const expected = at.map((place) => {
      const [row, column, channel] = [Math.floor(place / 36), Math.floor(place / 9) % 4, place % 9]
      return 36 * Math.floor(column / 2) + 4 * channel + 2 * row + (column % 2)
    })
    await expectTensorClose(y, { shape: [1, 2, 4, 9], data: expected })
    await expectTensorClose(pixelUnshuffle(y, 2), { shape: [1, 1, 2, 36], data: at })
  })

  test('puts channel c·r² + i·r + j at row i and column j', async () => {
    const x = tensor([0, 1, 2, 3, 10, 11, 12, 13], [1, 1, 1, 8])
    const y = pixelShuffle(x, 2)
    expect(y.shape).toEqual([1, 2, 2, 2])
    expect(Array.from(await y.data())).toEqual([0, 10, 1, 11, 2, 12, 3, 13])
  })

  test('by 2 moves channels in fours', async () => {
    const [height, width, channels] = [2, 3, 8]
    const at = (h: number, w: number, c: number, i: number, j: number): number =>
      (h * width + w) * 4 * channels + 4 * c + 2 * i + j
    const x = tensor(
      Array.from({ length: height * width * 4 * channels }, (_, index) => index),
      [1, height, width, 4 * channels],
    )
    const y = pixelShuffle(x, 2)
    const expected = Array.from({ length: x.size }, (_, index) => {
      const [row, column] = [Math.floor(index / channels / width / 2), Math.floor(index / channels) % (2 * width)]
      return at(row >> 1, column >> 1, index % channels, row & 1, column & 1)
    })
    expect(Array.from(await y.data())).toEqual(expected)
    expect(Array.from(await pixelUnshuffle(y, 2).data())).toEqual(Array.from(await x.data()))
  })

  test('takes no images', () => {
    expect(pixelShuffle(zeros([0, 2, 3, 8]), 2).shape).toEqual([0, 4, 6, 2])
    expect(pixelUnshuffle(zeros([0, 4, 6, 2]), 2).shape).toEqual([0, 2, 3, 8])
  })

  test('refuses sizes that the factor does not divide', () => {
    const x = zeros([1, 3, 4, 6])
    expectShapeError(() => pixelShuffle(x, 2), /expected channels that factor² = 4 divides, got 6/)
    expectShapeError(() => pixelUnshuffle(x, 2), /that the factor 2 divides, got shape \[1,3,4,6\]. Pad or crop/)
    expectShapeError(() => pixelShuffle(x, 0), /expected factor to be an integer of at least 1, got 0/)
    expectShapeError(() => pixelUnshuffle(x, 1.5), /got 1.5/)
    const flat = zeros([3, 4])
    expectShapeError(() => pixelShuffle(flat, 2), /x \[batch, height, width, channels · factor²\], got shape \[3,4\]/)
  })
})
