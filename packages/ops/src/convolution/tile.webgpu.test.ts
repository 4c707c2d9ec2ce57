import { expect, test } from 'vitest'
import { chooseTile, widthFor } from './tile.webgpu.ts'

test.each([
  ['as wide as an invocation of eight can', 64, 32],
  ['at most 15 % padding', 28, 32],
  ['narrower where that pads less', 48, 16],
  ['four for three channels', 3, 4],
])('the width of a tile is %s', (_, columns, width) => {
  expect(widthFor(columns)).toBe(width)
})

test.each([
  ['32 rows where there are enough workgroups', 8192, 32, 1, { rows: 32, columns: 32 }],
  ['16 where there are not', 512, 64, 4, { rows: 16, columns: 32 }],
  ['8 at least', 1, 32, 1, { rows: 8, columns: 32 }],
  ['more where columns are few', 2 ** 20, 3, 1, { rows: 128, columns: 4 }],
])('a tile has %s', (_, rows, columns, times, tile) => {
  expect(chooseTile(rows, columns, times)).toEqual(tile)
})
