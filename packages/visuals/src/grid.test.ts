import { expect, test } from 'vitest'
import { grid } from './grid.ts'
import { blank } from './picture.ts'

const tile = (gray: number) => blank(2, 2, [gray, gray, gray])

test('images run left to right, then down, with gaps around', () => {
  const picture = grid([tile(10), tile(20), tile(30)], { columns: 2, gap: 1, background: [0, 0, 0] })
  expect([picture.width, picture.height]).toEqual([7, 7])
  const at = (x: number, y: number) => picture.data[(y * picture.width + x) * 4]
  expect([at(0, 0), at(1, 1), at(3, 1), at(4, 1), at(1, 4), at(4, 4)]).toEqual([0, 10, 0, 20, 30, 0])
})

test('is about square unless told', () => {
  const picture = grid(
    Array.from({ length: 9 }, () => tile(1)),
    { gap: 0, scale: 3 },
  )
  expect([picture.width, picture.height]).toEqual([18, 18])
})

test('refuses nothing, and images of different sizes', () => {
  expect(() => grid([])).toThrow('at least one image')
  expect(() => grid([tile(1), blank(3, 2, [0, 0, 0])])).toThrow('2×2 like the first, got 3×2')
})
